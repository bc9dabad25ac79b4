extension ProviderKind {
    static let cartesia: [ProviderKind] = []
}

extension ProviderKind {
    static let wyoming: [ProviderKind] = []
}

extension ProviderKind {
    static let soniox: [ProviderKind] = []
}

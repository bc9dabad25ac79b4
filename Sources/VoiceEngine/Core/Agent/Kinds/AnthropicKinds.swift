extension ProviderKind {
    static let anthropic: [ProviderKind] = []
}

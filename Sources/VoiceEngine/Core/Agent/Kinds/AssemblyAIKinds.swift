extension ProviderKind {
    static let assemblyAI: [ProviderKind] = []
}

extension ProviderKind {
    static let elevenLabs: [ProviderKind] = []
}

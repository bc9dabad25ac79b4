extension ProviderOption {
    /// How a voice that has a WebSocket is reached.
    static let transport = ProviderOption(
        "transport", .oneOf(["auto", "websocket", "http"]),
        "auto: the WebSocket, and HTTP where and while it cannot be had; websocket; http. Without it: auto.")
    static let trimSilence = ProviderOption(
        "trim_silence_ms", .integer(0...2_000),
        "Silence in ms at the start of a reply that is left out at most. Without it: 0.")
}

import VoiceEngineTestSupport

/// Known to all files here.
typealias SeededRandom = VoiceEngineTestSupport.SeededRandom

import Testing

@testable internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

@Suite struct PCMStreamDecoderTests {
    private func u32(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    private func u16(_ value: UInt16) -> [UInt8] { [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }

    private func wave(
        tag: UInt16 = 1, rate: UInt32 = 24_000, channels: UInt16 = 1, bits: UInt16 = 16, size: UInt32 = 0xFFFF_FFFF,
        before: [UInt8] = []
    ) -> [UInt8] {
        var bytes = Array("RIFF".utf8) + u32(0xFFFF_FFFF) + Array("WAVE".utf8) + before
        bytes += Array("fmt ".utf8) + u32(16) + u16(tag) + u16(channels) + u32(rate) + u32(rate * 2) + u16(2)
        return bytes + u16(bits) + Array("data".utf8) + u32(size)
    }

    /// What is played of the bytes, cut at the given places.
    private func play(
        _ bytes: [UInt8], _ format: AudioFormat, cuts: [Int] = [], trimming: Int = 0
    ) -> (audio: [UInt8], fault: PCMStreamDecoder.Fault?) {
        var decoder = PCMStreamDecoder(format, trimming: trimming)
        var audio: [UInt8] = []
        var from = 0
        for cut in cuts.sorted() + [bytes.count] {
            let fault = Array(bytes[from..<cut]).withUnsafeBytes { part in
                decoder.feed(part) {
                    #expect($0.count % format.bytesPerSample == 0)
                    audio += Array($0)
                }
            }
            if let fault { return (audio, fault) }
            from = cut
        }
        decoder.end { audio += Array($0) }
        return (audio, nil)
    }

    @Test func anySplitOfTheBytesGivesTheSameSamples() throws {
        let list = Array("LIST".utf8) + u32(3) + [9, 9, 9, 0]
        let samples = (0..<60).map { UInt8($0 + 100) }
        let rows: [(String, [UInt8], AudioFormat, [UInt8])] = try [
            ("raw", samples + [1], pcm16(24_000), samples), ("raw G.711", samples + [1], .telephone, samples + [1]),
            ("wave", wave() + samples, pcm16(24_000), samples),
            ("wave with a chunk before", wave(before: list) + samples, pcm16(24_000), samples),
            ("wave with its size", wave(size: 60) + samples, pcm16(24_000), samples),
            ("a chunk behind", wave(size: 60) + samples + list, pcm16(24_000), samples),
            (
                "one file after another", wave(size: 60) + samples + wave(size: 60) + samples, pcm16(24_000),
                samples + samples
            ),
            ("a size that is too small", wave(size: 20) + samples, pcm16(24_000), samples),
            ("a size of nothing", wave(size: 0) + samples, pcm16(24_000), samples),
            ("a beginning like a header", Array("RIF!".utf8) + samples, pcm16(24_000), Array("RIF!".utf8) + samples),
            (
                "a beginning like an error", Array(#"{"er"#.utf8) + samples, pcm16(24_000),
                Array(#"{"er"#.utf8) + samples
            ),
            ("G.711 in a wave", wave(tag: 7, rate: 8_000, bits: 8) + samples, .telephone, samples),
            ("nothing", [], .telephone, []),
        ]
        for (name, bytes, format, expected) in rows {
            #expect(play(bytes, format).audio == expected, "\(name)")
            #expect(play(bytes, format, cuts: Array(0...bytes.count)).audio == expected, "\(name), byte by byte")
            for cut in 0...bytes.count {
                #expect(play(bytes, format, cuts: [cut]).audio == expected, "\(name), cut at \(cut)")
            }
        }
    }

    @Test func refusesWhatIsOfAnotherFormat() throws {
        let rows: [([UInt8], AudioFormat, String)] = try [
            (wave(rate: 22_050), pcm16(24_000), "22050 Hz instead of 24000"),
            (wave(channels: 2), pcm16(24_000), "2 channels"),
            (wave(tag: 3, bits: 32), pcm16(24_000), "format 3 with 32 bits"),
            (wave(tag: 7, rate: 8_000, bits: 8), pcm16(8_000), "mulaw instead of pcm16"),
            (Array("RIFF1234AVI ".utf8), pcm16(8_000), "damaged"),
        ]
        for (bytes, format, text) in rows {
            for cuts in [[], Array(0...bytes.count)] {
                let result = play(bytes + [1, 2, 3, 4], format, cuts: cuts.filter { $0 < bytes.count })
                guard case .wrongFormat(let detail) = result.fault else {
                    Issue.record("\(text): \(String(describing: result))")
                    continue
                }
                #expect(detail.contains(text) && result.audio.isEmpty)
            }
        }
    }

    @Test func doesNotPlayErrors() throws {
        for text in [#"{"error":{"message":"no"}}"#, #"{"detail":"x"}"#, #"{"err_code":"Y"}"#, "<html>no</html>"] {
            for cuts in [[], [1], Array(0..<text.utf8.count)] {
                let result = play(Array(text.utf8), .telephone, cuts: cuts)
                guard case .notAudio(let start) = result.fault else {
                    Issue.record("\(text)")
                    continue
                }
                #expect(text.hasPrefix(start) && result.audio.isEmpty)
            }
        }
    }

    @Test func leavesOutSilenceAtTheStartOnly() throws {
        // 8 samples are a millisecond.
        let quiet = [UInt8](repeating: 0, count: 64)
        let loud: [UInt8] = [0, 0x40]
        let all = quiet + loud + quiet + loud
        #expect(play(all, try pcm16(8_000), trimming: 100).audio == loud + quiet + loud)
        #expect(play(all, try pcm16(8_000), cuts: Array(0...all.count), trimming: 100).audio == loud + quiet + loud)
        #expect(play(all, try pcm16(8_000), trimming: 3).audio == Array(quiet.dropFirst(48)) + loud + quiet + loud)
        #expect(play(all, try pcm16(8_000)).audio == all)
        let codes: [UInt8] = [0xFF, 0x7F, 0xFE, 0xF5, 0x80, 0xFF]
        #expect(play(codes, .telephone, trimming: 10).audio == [0x80, 0xFF])
        let alaw = try AudioFormat(encoding: .alaw, sampleRate: 8_000)
        #expect(play([0xD5, 0x55, 0xD0, 0xAA], alaw, trimming: 10).audio == [0xAA])
    }
}

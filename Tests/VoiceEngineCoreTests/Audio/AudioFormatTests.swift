import Testing

import VoiceEngineCore

@Suite struct AudioFormatTests {
    @Test(arguments: AudioEncoding.allCases)
    func ratesOutsideTheRangeAreRefusedByName(_ encoding: AudioEncoding) {
        for rate in [Int.min, -1, 0, 7_999, 48_001, .max] {
            let error = #expect(throws: AudioFormatError.self) { try AudioFormat(encoding: encoding, sampleRate: rate) }
            #expect(error?.field == .sampleRate)
            #expect(error?.given == rate)
        }
    }

    @Test func errorsSayWhatWasExpected() {
        let error = #expect(throws: AudioFormatError.self) { try AudioFormat(encoding: .pcm16, sampleRate: 7_000) }
        #expect(error.map(String.init(describing:)) == "sample_rate 7000: expected 8000...48000 Hz")
        let opus = #expect(throws: AudioFormatError.self) { try AudioFormat(encoding: .opus, sampleRate: 44_100) }
        #expect(
            opus.map(String.init(describing:))
                == "sample_rate 44100: expected 8000, 12000, 16000, 24000 or 48000 Hz with opus")
    }

    @Test(arguments: [
        (AudioEncoding.mulaw, 8_000, 20, 160, 160), (.alaw, 8_000, 30, 240, 240), (.pcm16, 16_000, 10, 160, 320),
        (.pcm16, 44_100, 20, 882, 1_764), (.pcm16, 22_050, 20, 441, 882), (.opus, 48_000, 60, 2_880, 1_275),
    ])
    func framesHaveTheRightSize(_ row: (encoding: AudioEncoding, rate: Int, ms: Int, samples: Int, bytes: Int)) throws {
        let format = try AudioFormat(encoding: row.encoding, sampleRate: row.rate)
        #expect(try format.frameSamples(milliseconds: row.ms) == row.samples)
        #expect(try format.frameBytes(milliseconds: row.ms) == row.bytes)
        #expect(format.samples(inMilliseconds: row.ms) == row.samples)
        #expect(format.milliseconds(ofSamples: row.samples) == Double(row.ms))
    }

    @Test(arguments: [
        (AudioEncoding.mulaw, 8_000, 25), (.pcm16, 8_000, 0), (.pcm16, 8_000, -20), (.pcm16, 22_050, 10),
        (.pcm16, 8_001, 10), (.opus, 8_000, 30), (.pcm16, 8_000, .max),
    ])
    func framesOfOtherLengthsAreRefused(_ row: (encoding: AudioEncoding, rate: Int, ms: Int)) throws {
        let format = try AudioFormat(encoding: row.encoding, sampleRate: row.rate)
        let error = #expect(throws: AudioFormatError.self) { try format.frameSamples(milliseconds: row.ms) }
        #expect(error?.field == .frameMilliseconds)
    }

    @Test func millisecondsNeverTrap() {
        #expect(AudioFormat.telephone.samples(inMilliseconds: .max) == .max)
        #expect(AudioFormat.telephone.samples(inMilliseconds: -5) == 0)
        #expect(AudioFormat.telephone.samples(inBytes: 160) == 160)
        #expect((try? AudioFormat(encoding: .pcm16, sampleRate: 8_000))?.samples(inBytes: 5) == 2)
        #expect((try? AudioFormat(encoding: .opus, sampleRate: 8_000))?.samples(inBytes: 5) == 0)
    }
}

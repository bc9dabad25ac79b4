import Testing

@testable import VoiceEngineCore

@Suite struct UploadFormatTests {
    @Test func writesAForm() {
        var form = MultipartForm(boundary: "b")
        form.field("model", "whisper")
        form.field("a\"b\r\n", "é")
        form.file("file", filename: "audio.wav", type: "audio/wav", [1, 13, 10, 2])
        #expect(form.contentType == "multipart/form-data; boundary=b")
        let expected =
            Array(
                ("--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n"
                    + "--b\r\nContent-Disposition: form-data; name=\"a%22b%0D%0A\"\r\n\r\né\r\n"
                    + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"audio.wav\"\r\n"
                    + "Content-Type: audio/wav\r\n\r\n").utf8) + [1, 13, 10, 2] + Array("\r\n--b--\r\n".utf8)
        #expect(form.finish() == expected)
    }

    @Test func writesAWaveFileWithTrueSizes() {
        let bytes = WaveFile.bytes([1, -2, .min] as [Int16], sampleRate: 8_000)
        let header: [UInt8] =
            Array("RIFF".utf8) + [42, 0, 0, 0] + Array("WAVEfmt ".utf8) + [16, 0, 0, 0, 1, 0, 1, 0]
            + [0x40, 0x1F, 0, 0, 0x80, 0x3E, 0, 0, 2, 0, 16, 0] + Array("data".utf8) + [6, 0, 0, 0]
        #expect(header.count == WaveFile.headerBytes)
        #expect(bytes == header + [1, 0, 0xFE, 0xFF, 0, 0x80])
        #expect(WaveFile.bytes([Int16](), sampleRate: 16_000).count == 44)
    }
}

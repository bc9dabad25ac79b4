import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// `voice-lab loopback`: the smallest server that behaves like an agent, to check the laboratory without an engine.
struct LoopbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loopback", abstract: "A stand-in for an agent: tones instead of words, silence decides.",
        discussion: "Answers POST /twilio/voice/NAME and /media. Greets, replies to the caller, stops when interrupted."
    )

    @Option(help: "The port; 0 = any free one.")
    var port = 0

    func run() async throws {
        let port = port
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let channel = try await loop.flatSubmit {
            LabConnection.listen(service: LoopbackService(), host: "127.0.0.1", port: port, on: loop)
        }.get()
        print("ready \(channel.localAddress?.port ?? port)")
        fflush(nil)
        try await channel.closeFuture.get()
    }
}

/// Webhook and media stream of the stand-in.
final class LoopbackService: LabService {
    func received(_ request: HTTPMessage, on connection: LabConnection) {
        guard request.method == "POST", request.target.hasPrefix("/twilio/voice/") else {
            return connection.respond(status: "404 Not Found", body: [])
        }
        let twiml = """
            <?xml version="1.0" encoding="UTF-8"?>
            <Response><Connect><Stream url="ws://\(request.header("Host") ?? "")/media">\
            <Parameter name="agent" value="loopback &amp; tones"/></Stream></Connect></Response>
            """
        connection.respond(status: "200 OK", headers: [("Content-Type", "text/xml")], body: twiml.utf8)
    }

    func upgrade(_ request: HTTPMessage) -> LabUpgrade {
        request.target == "/media" ? .accept(LoopbackSocket()) : .refuse(status: "404 Not Found")
    }
}

/// One call: greets for 1.2 s, answers each utterance with 3 s of a new tone, clears when spoken over for 600 ms.
final class LoopbackSocket: LabSocket {
    private static let lead = Telephone.samples(milliseconds: 60)
    private static let endOfTurnFrames = 25
    private static let interruptionFrames = 30

    private var connection: LabConnection?
    private var streamSid = ""
    private var loudFrames = 0
    private var quietFrames = 0
    private var spoke = false
    private var reply = 0
    private var remaining = 0
    private var offset = 0
    private var began: Int64 = 0
    private let bank = ToneBank(format: AudioForm(encoding: .mulaw, sampleRate: Telephone.samplesPerSecond))

    func opened(_ connection: LabConnection) { self.connection = connection }
    func closed(_ violation: WireViolation?) { connection = nil }

    func received(_ message: WebSocketMessage) {
        guard case .text(let text) = message,
            let object = (try? JSONSerialization.jsonObject(with: Data(text.readableBytesView))) as? [String: Any]
        else { return }
        switch object["event"] as? String {
        case "start":
            streamSid = object["streamSid"] as? String ?? ""
            speak(milliseconds: 1_200)
        case "media":
            let media = object["media"] as? [String: Any]
            hear(Base64.decode((media?["payload"] as? String ?? "").utf8) ?? [])
        default: break
        }
    }

    private func speak(milliseconds: Int) {
        reply += 1
        (remaining, offset) = (Telephone.samples(milliseconds: milliseconds), 0)
        began = monotonicNanoseconds()
        pump()
    }

    /// The caller's frames are the clock.
    private func hear(_ frame: [UInt8]) {
        let isLoud = Level.decibels(MuLaw.decode(frame)[...]) > -40
        (loudFrames, quietFrames) = isLoud ? (loudFrames + 1, 0) : (quietFrames > 4 ? 0 : loudFrames, quietFrames + 1)
        if loudFrames >= Self.interruptionFrames {
            spoke = true
            if remaining > 0 {
                remaining = 0
                connection?.send(text: #"{"event":"clear","streamSid":"\#(streamSid)"}"#.utf8)
            }
        }
        if spoke, quietFrames == Self.endOfTurnFrames {
            spoke = false
            speak(milliseconds: 3_000)
        }
        pump()
    }

    private func pump() {
        let heard = Telephone.sample(at: monotonicNanoseconds() - began)
        while remaining > 0, offset < heard + Self.lead {
            let count = min(remaining, Telephone.frameSamples)
            bank.withBytes(reply % ToneBank.count, offset: offset, count: count) { bytes in
                let payload = String(decoding: Base64.encode(Array(bytes)), as: UTF8.self)
                connection?.send(
                    text: #"{"event":"media","streamSid":"\#(streamSid)","media":{"payload":"\#(payload)"}}"#.utf8)
            }
            (remaining, offset) = (remaining - count, offset + count)
            if remaining == 0 {
                connection?.send(
                    text: #"{"event":"mark","streamSid":"\#(streamSid)","mark":{"name":"reply-\#(reply)"}}"#.utf8)
            }
        }
    }
}

import Foundation

/// Certificates made by `openssl` for one run of the tests.
struct Certificates: Sendable {
    static let shared = Result { try Certificates() }

    let directory: URL
    var authority: String { path("ca.pem") }
    func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    private init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("voice-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for name in ["ca", "other"] {
            try Self.openssl(
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path("\(name).key"), "-out",
                path("\(name).pem"),
                "-days", "30", "-subj", "/CN=Test \(name)")
        }
        try issue("good", names: "DNS:localhost,IP:127.0.0.1", days: "30")
        try issue("wrong", names: "DNS:elsewhere.example", days: "30")
        try issue("expired", names: "DNS:localhost", days: "-1")
        try issue("stranger", names: "DNS:localhost", days: "30", by: "other")
    }

    private func issue(_ name: String, names: String, days: String, by authority: String = "ca") throws {
        try "subjectAltName=\(names)".write(toFile: path("\(name).ext"), atomically: true, encoding: .utf8)
        try Self.openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-keyout", path("\(name).key"), "-out", path("\(name).csr"),
            "-subj",
            "/CN=\(name)")
        try Self.openssl(
            "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).pem"), "-CAkey",
            path("\(authority).key"),
            "-CAcreateserial", "-out", path("\(name).pem"), "-days", days, "-extfile", path("\(name).ext"))
    }

    struct Failure: Error { let text: String }

    static func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(text: String(decoding: text, as: UTF8.self)) }
    }
}

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
        try issue("proxied", names: "DNS:api.example", days: "30")
        try issue("weak", names: "DNS:localhost", days: "30", key: "rsa:1024")
        try issue("client", names: "DNS:localhost", days: "30", extra: "\nextendedKeyUsage=clientAuth")
        try Self.openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path("self.key"), "-out", path("self.pem"),
            "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        try issueForTheFuture()
    }

    /// `x509 -req` has no start date before OpenSSL 3.4; `ca` has.
    private func issueForTheFuture() throws {
        try issue("future", names: "DNS:localhost", days: "30")
        try "".write(toFile: path("index.txt"), atomically: true, encoding: .utf8)
        try """
        [ca]
        default_ca = d
        [d]
        database = \(path("index.txt"))
        new_certs_dir = \(directory.path)
        rand_serial = yes
        default_md = sha256
        policy = p
        [p]
        commonName = supplied
        """.write(toFile: path("ca.cnf"), atomically: true, encoding: .utf8)
        try Self.openssl(
            "ca", "-batch", "-notext", "-config", path("ca.cnf"), "-in", path("future.csr"), "-out",
            path("future.pem"), "-cert", path("ca.pem"), "-keyfile", path("ca.key"), "-startdate", "20990101000000Z",
            "-enddate", "20991231000000Z", "-extfile", path("future.ext"))
    }

    private func issue(
        _ name: String, names: String, days: String, by authority: String = "ca", key: String = "rsa:2048",
        extra: String = ""
    ) throws {
        try "subjectAltName=\(names)\(extra)".write(toFile: path("\(name).ext"), atomically: true, encoding: .utf8)
        try Self.openssl(
            "req", "-newkey", key, "-nodes", "-keyout", path("\(name).key"), "-out", path("\(name).csr"),
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

import Foundation

/// A certificate for this machine's loopback interface, made for one run by the system's `openssl`: ECDSA, as public
/// authorities issue them today and as a handshake costs least.
struct LabCertificate {
    let directory: String
    /// What a client has to trust.
    var authority: String { directory + "/ca.pem" }
    var chain: String { directory + "/server.pem" }
    var key: String { directory + "/server.key" }

    /// - Throws: `WireViolation` with what `openssl` said.
    static func make(in directory: String) throws -> LabCertificate {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let certificate = LabCertificate(directory: directory)
        let request = directory + "/server.csr"
        let extensions = directory + "/server.ext"
        try "subjectAltName=DNS:localhost,IP:127.0.0.1\n".write(toFile: extensions, atomically: true, encoding: .utf8)
        let authorityKey = directory + "/ca.key"
        try openssl(
            [
                "req", "-x509", "-nodes", "-keyout", authorityKey, "-out", certificate.authority, "-days", "7", "-subj",
                "/CN=voice-lab",
            ] + newKey)
        try openssl(
            ["req", "-nodes", "-keyout", certificate.key, "-out", request, "-subj", "/CN=localhost"] + newKey)
        try openssl([
            "x509", "-req", "-in", request, "-CA", certificate.authority, "-CAkey", authorityKey, "-CAcreateserial",
            "-out", certificate.chain, "-days", "7", "-extfile", extensions,
        ])
        return certificate
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]

    private static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw WireViolation("openssl \(arguments[0]): \(String(decoding: text.suffix(300), as: UTF8.self))")
        }
    }
}

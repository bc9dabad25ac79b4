import Foundation
import NIOCore
import Testing

@testable import VoiceEngineNet

@Suite struct ServerCertificateTests {
    private let certificates: Certificates
    private let folder: URL

    init() throws {
        certificates = try Certificates.shared.get()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("voice-cert-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func files(_ chain: String, _ key: String) -> ServerCertificate.Files {
        .init(chain: chain, privateKey: key)
    }

    /// Puts the certificate `name` where the server looks, by a rename as tools do it.
    private func install(_ name: String, isComplete: Bool = true) throws {
        for (from, to) in [("\(name).pem", "chain.pem"), ("\(name).key", "key.pem")].prefix(isComplete ? 2 : 1) {
            let fresh = path("fresh")
            try? FileManager.default.removeItem(atPath: fresh)
            try FileManager.default.copyItem(atPath: certificates.path(from), toPath: fresh)
            _ = rename(fresh, path(to))
        }
    }

    private func fault(_ files: ServerCertificate.Files) -> String {
        do {
            _ = try ServerCertificate(files)
            return "none"
        } catch {
            #expect(error.kind == .badConfiguration)
            return error.detail
        }
    }

    @Test func aGoodOneIsTaken() throws {
        #expect(fault(files(certificates.path("good.pem"), certificates.path("good.key"))) == "none")
    }

    @Test func everyWayThatFilesCanBeWrongIsNamed() throws {
        let (good, key) = (certificates.path("good.pem"), certificates.path("good.key"))
        let empty = path("empty")
        try "".write(toFile: empty, atomically: true, encoding: .utf8)
        let cut = path("cut.pem")
        try "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".write(
            toFile: cut, atomically: true, encoding: .utf8)
        let cutKey = path("cut.key")
        try "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n".write(
            toFile: cutKey, atomically: true, encoding: .utf8)
        let locked = path("locked.key")
        try Certificates.openssl("pkey", "-in", key, "-aes256", "-passout", "pass:hush", "-out", locked)
        let long = path("long.pem")
        try String(repeating: "x", count: 1 << 21).write(toFile: long, atomically: true, encoding: .utf8)

        let missing = path("missing.pem")
        #expect(fault(files(missing, key)) == "cannot read the certificate \(missing): No such file or directory")
        #expect(fault(files(good, missing)) == "cannot read the private key \(missing): No such file or directory")
        #expect(fault(files(folder.path, key)) == "cannot read the certificate \(folder.path): Is a directory")
        #expect(fault(files(empty, key)) == "\(empty) holds no certificate in PEM form")
        #expect(fault(files(good, empty)) == "\(empty) holds no private key in PEM form")
        #expect(fault(files(key, good)) == "\(key) holds no certificate in PEM form")
        #expect(fault(files(good, good)) == "\(good) holds no private key in PEM form")
        #expect(fault(files(cut, key)).hasPrefix("cannot read a certificate from \(cut): "))
        #expect(fault(files(good, cutKey)).hasPrefix("cannot read a private key from \(cutKey): "))
        #expect(fault(files(good, locked)).contains("\(locked) is protected by a passphrase"))
        #expect(fault(files(long, key)).hasPrefix("\(long) is longer than"))
        let other = certificates.path("wrong.key")
        #expect(fault(files(good, other)).contains(other))
        let (expired, future) = (certificates.path("expired.pem"), certificates.path("future.pem"))
        #expect(fault(files(expired, certificates.path("expired.key"))) == "the certificate in \(expired) has expired")
        #expect(fault(files(future, certificates.path("future.key"))).contains("is not valid yet"))
        let weak = fault(files(certificates.path("weak.pem"), certificates.path("weak.key")))
        #expect(weak.contains("weak.pem"))
    }

    @Test func aNewCertificateIsReadAgain() throws {
        try install("good")
        let certificate = try ServerCertificate(files(path("chain.pem"), path("key.pem")))
        let first = certificate.context
        #expect(try !certificate.reloadIfChanged())
        #expect(certificate.context === first)
        try install("wrong")
        #expect(try certificate.reloadIfChanged())
        #expect(certificate.context !== first)
        #expect(try !certificate.reloadIfChanged())
    }

    @Test func whatCannotBeUsedLeavesTheOldOneInPlace() throws {
        try install("good")
        let certificate = try ServerCertificate(files(path("chain.pem"), path("key.pem")))
        let first = certificate.context
        // Half of the change: told once, and not again until there is another one.
        try install("wrong", isComplete: false)
        #expect(throws: TLSError.self) { try certificate.reloadIfChanged() }
        #expect(try !certificate.reloadIfChanged())
        #expect(certificate.context === first)
        try FileManager.default.removeItem(atPath: path("key.pem"))
        #expect(try !certificate.reloadIfChanged())
        #expect(throws: TLSError.self) { try certificate.reload() }
        try install("wrong")
        #expect(try certificate.reloadIfChanged())
        #expect(certificate.context !== first)
    }
}

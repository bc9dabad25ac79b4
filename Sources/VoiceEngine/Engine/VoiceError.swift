package import VoiceEngineCarrier

/// Why a call of the host failed: a status of the public header and a sentence that names the field and what was
/// expected.
package struct VoiceError: Error, Equatable {
    /// Raw values are those of `VOICE_ERR_*`.
    package enum Status: Int32, Sendable, CaseIterable {
        case badHandle = -1
        case badArgument = -2
        case badConfiguration = -3
        case reentrant = -4
        case unsupported = -5
        case notFound = -6
        case overrun = -20
        case again = -21
        case limit = -22
        case timeout = -23
        case draining = -24
        case keyMissing = -40
        case modelMissing = -41
        case provider = -42
        case network = -43
        case closed = -60
        case `internal` = -61
    }

    package let status: Status
    package let detail: String

    package init(_ status: Status, _ detail: String) {
        self.status = status
        self.detail = detail
    }
}

extension VoiceError {
    package init(_ error: HostAudioError) {
        let status: Status =
            switch error.reason {
            case .badArgument: .badArgument
            case .reentrant: .reentrant
            case .unsupported: .unsupported
            }
        self.init(status, error.detail)
    }
}

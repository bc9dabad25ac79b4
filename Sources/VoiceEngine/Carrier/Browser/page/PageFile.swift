// The page as it is served. Its files are built into the library (SwiftPM's `embedInCode`), because the library is one
// file that finds nothing beside it. They are a target of their own, so that the long byte lists this makes of them are
// only compiled when the page changes.

/// One file of the page.
package struct PageFile: Sendable {
    /// On the server.
    package let path: String
    package let contentType: String
    package let text: String

    private init(_ path: String, _ contentType: String, _ bytes: [UInt8]) {
        self.path = path
        self.contentType = contentType
        text = String(decoding: bytes, as: UTF8.self)
    }

    package static let all = [
        PageFile("/", "text/html; charset=utf-8", PackageResources.index_html),
        PageFile("/browser/page.css", "text/css; charset=utf-8", PackageResources.page_css),
        PageFile("/browser/page.js", script, PackageResources.page_js),
        PageFile("/browser/conversation.js", script, PackageResources.conversation_js),
        PageFile("/browser/audio.js", script, PackageResources.audio_js),
        PageFile("/browser/icon.svg", "image/svg+xml", PackageResources.icon_svg),
    ]

    private static let script = "text/javascript; charset=utf-8"
}

import CVoiceEngine
@implementation @_cdecl("voice_abi_version")
public func voice_abi_version() -> UInt32 { 1 << 16 }

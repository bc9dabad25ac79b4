import NIOPosix
print("lab")

// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import LocalServices

@Suite struct PureTests {
    @Test func postmasterFile() {
        let text = "4711\n/data/cluster\n1700000000\n5432\n/run/sockets\n\n  12345     6\nready   \n"
        let file = PostmasterFile(text)
        #expect(file?.processID == 4711)
        #expect(file?.socketFolder == "/run/sockets")
        #expect(file?.status == "ready")
    }

    @Test(arguments: ["", "\n", "x\n", "-5\n", "0\n", "1\n"])
    func nonsenseInThePostmasterFile(text: String) {
        #expect(PostmasterFile(text) == nil)
    }

    @Test func anUnfinishedPostmasterFile() {
        #expect(PostmasterFile("4711\n/data")?.status == "")
    }

    @Test func socketFolderNames() {
        #expect(SocketFolder.hash("/a").count == 12)
        #expect(SocketFolder.hash("/a") != SocketFolder.hash("/b"))
    }

    /// Somebody who was there first could read everything that goes through the socket.
    @Test func aForeignSocketFolderIsRefused() throws {
        let folder = TemporaryFolder()
        let account = try ServiceAccount.choose(name: PrivatePostgres.userName, folder: folder.file("none"))
        let target = folder.file("target")
        mkdir(target, 0o777)
        symlink(target, folder.file("link"))
        #expect(throws: LocalServiceError.self) { try account.makePrivateFolder(folder.file("link")) }
        chmod(target, 0o777)
        #expect(throws: LocalServiceError.self) { try account.makePrivateFolder(target) }
        try account.makePrivateFolder(folder.file("own"))
        try account.makePrivateFolder(folder.file("own"))
    }

    @Test func missingPostgres() {
        let error = #expect(throws: LocalServiceError.self) {
            try PostgresBinaries.find(version: 1, searchPath: "/nonexistent")
        }
        #expect(error?.code == .notInstalled)
    }
}

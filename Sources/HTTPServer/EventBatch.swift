// SPDX-License-Identifier: Apache-2.0
import CMicrohttpd

/// Stands before the C library's `epoll_wait` for this process and hands on one event less than 128 to whoever asks for as
/// many as that: libmicrohttpd. Where it gets exactly the 128 that it asks for (`MHD_epoll` in 0.9.75), it waits for more
/// before it looks at any, and if all its connections are among them that is until one of them times out.
///
/// The dynamic linker prefers a symbol of the executable to the library's; a test sends 128 requests at once.
@_cdecl("epoll_wait")
public func epollWaitForLess(
    _ epoll: Int32, _ events: UnsafeMutableRawPointer, _ maximum: Int32, _ timeoutMilliseconds: Int32
) -> Int32 {
    millrace_epoll_wait(epoll, events, maximum == 128 ? 127 : maximum, timeoutMilliseconds)
}

// SPDX-License-Identifier: Apache-2.0
// Only what Swift cannot import by itself: variadic functions, and what its Glibc module leaves out.
#pragma once
#include <microhttpd.h>
#include <stddef.h>
#include <sys/epoll.h>

typedef void *(*millrace_mhd_uri_callback)(void *, const char *, struct MHD_Connection *);
typedef size_t (*millrace_mhd_unescape_callback)(void *, struct MHD_Connection *, char *);

// MHD_start_daemon is variadic. Every callback gets the same context.
static inline struct MHD_Daemon *millrace_mhd_start(
    unsigned int flags, MHD_socket listen_socket, unsigned int threads, unsigned int connections,
    unsigned int per_address, unsigned int idle_seconds, size_t memory, MHD_AccessHandlerCallback handler,
    millrace_mhd_uri_callback uri, millrace_mhd_unescape_callback unescape,
    MHD_NotifyConnectionCallback connection_changed, MHD_RequestCompletedCallback completed, void *context) {
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handler, context,
        MHD_OPTION_LISTEN_SOCKET, listen_socket,
        MHD_OPTION_THREAD_POOL_SIZE, threads,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_URI_LOG_CALLBACK, uri, context,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, context,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, context,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context,
#if MHD_VERSION >= 0x00097701
        // Bare LF, folded lines and tabs for spaces are refused: what a proxy in front may read in another way.
        MHD_OPTION_CLIENT_DISCIPLINE_LVL, (int)2,
#endif
        MHD_OPTION_END);
}

// MHD_get_connection_info is variadic. The socket, or -1.
static inline int millrace_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

// The address of the peer, or NULL.
static inline const struct sockaddr *millrace_mhd_client_address(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}

// What the connection callback stored for the socket, or NULL.
static inline void *millrace_mhd_socket_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

// Bytes of the request head, or 0 while it is not whole.
static inline size_t millrace_mhd_head_size(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info == NULL ? 0 : info->header_size;
}

// The system's epoll_wait, past the one of EventBatch.swift.
static inline int millrace_epoll_wait(int epoll, void *events, int maximum, int timeout_milliseconds) {
    return epoll_pwait(epoll, (struct epoll_event *)events, maximum, timeout_milliseconds, NULL);
}

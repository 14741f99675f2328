package io.solaster.rpc;

/** What became of a call that failed. The same as gRPC's statuses, and with its numbers, so that both wires say the same. */
public enum RpcStatus {
    /** Who called did not want the answer any more. */
    CANCELLED(1),
    /** The handler threw something that is no {@link RpcException}; the server's log says what. */
    UNKNOWN(2), INVALID_ARGUMENT(3),
    /** The time was over. Whether the call was begun is not known, unless the exception says so. */
    DEADLINE_EXCEEDED(4), NOT_FOUND(5), ALREADY_EXISTS(6), PERMISSION_DENIED(7),
    /** Permits, calls or bytes are used up; it was not begun. */
    RESOURCE_EXHAUSTED(8), FAILED_PRECONDITION(9), ABORTED(10), OUT_OF_RANGE(11),
    /** There is no such method there, or it is of another kind or schema. */
    UNIMPLEMENTED(12),
    /** A side did not keep to the protocol, or a message could not be read. */
    INTERNAL(13),
    /** There is no connection, or it was lost. */
    UNAVAILABLE(14), DATA_LOSS(15), UNAUTHENTICATED(16);

    private static final RpcStatus[] BY_CODE = new RpcStatus[17];

    static {
        for (RpcStatus status : values()) {
            BY_CODE[status.code] = status;
        }
    }

    private final int code;

    RpcStatus(int code) {
        this.code = code;
    }

    /** Its number on the wire. */
    public int code() {
        return code;
    }

    /** The status of a number; {@link #UNKNOWN} for one that is not known here. */
    public static RpcStatus of(int code) {
        return code > 0 && code < BY_CODE.length ? BY_CODE[code] : UNKNOWN;
    }
}

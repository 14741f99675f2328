package io.solaster.rpc;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * A call has failed. Thrown by a handler it reaches who called, with its status and message; anything else that a handler throws is
 * {@link RpcStatus#UNKNOWN} there. It has no stack, since it tells of the other side, or of limits that are reached often.
 */
public final class RpcException extends RuntimeException {
    private final RpcStatus status;
    private final boolean notBegun;
    private final String words;

    /** A failure of a call that may have been begun. */
    public RpcException(RpcStatus status, @Nullable String message) {
        this(status, message, false, null);
    }

    /**
     * A failure.
     *
     * @param message what is told; null, as an exception's message may be, for nothing
     * @param notBegun whether the call was surely not begun, so that it may be repeated whatever it does
     */
    public RpcException(RpcStatus status, @Nullable String message, boolean notBegun, @Nullable Throwable cause) {
        super(message == null ? status.toString() : status + ": " + message, cause, false, false);
        this.words = Objects.requireNonNullElse(message, "");
        this.status = Objects.requireNonNull(status, "a status");
        this.notBegun = notBegun;
    }

    /** The message without the status: what the other side said, or is told. */
    public String words() {
        return words;
    }

    /** What became of the call. */
    public RpcStatus status() {
        return status;
    }

    /** Whether the call was surely not begun: whoever called may repeat it, also if that does something twice. */
    public boolean isNotBegun() {
        return notBegun;
    }
}

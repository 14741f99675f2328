package io.solaster.rpc;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import io.solaster.rpc.frame.Frame;

/**
 * What one side of a connection takes of the other.
 *
 * @param maxMessage the longest message; a frame that announces more ends the connection before anything is kept for it
 * @param maxCalls calls of one connection that are under way at a time, those included that were cancelled and have not ended; one more
 *            is refused with {@link RpcStatus#RESOURCE_EXHAUSTED}
 * @param outputBuffer bytes that wait for a peer that does not read; more ends the connection
 * @param greetingTimeout how long a new connection may take until both sides have said HELLO
 * @param silenceTimeout how long a peer that owes something may be silent, or take nothing of what waits for it, until the
 *            connection is ended; after a third of it, it is asked whether it is there
 * @param idleTimeout how long a client keeps a connection on which it has no calls; 0 for as long as the server does
 * @param window what it takes of streams
 */
public record RpcLimits(ByteSize maxMessage, int maxCalls, ByteSize outputBuffer, Duration greetingTimeout,
        Duration silenceTimeout, Duration idleTimeout, RpcWindow window) {
    /** What holds unless something else is said. */
    public static final RpcLimits DEFAULTS = new RpcLimits(new ByteSize(4L << 20), 1024, new ByteSize(64L << 20),
            Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofMinutes(5), RpcWindow.DEFAULTS);

    /**
     * Checks them.
     *
     * @throws IllegalArgumentException if one is out of its bounds
     */
    public RpcLimits {
        require(maxMessage.bytes() >= 1 && maxMessage.bytes() <= Frame.MAX_MESSAGE, "maxMessage", maxMessage,
                "1 byte to " + new ByteSize(Frame.MAX_MESSAGE));
        require(maxCalls >= 1 && maxCalls <= 1 << 20, "maxCalls", maxCalls, "1 to " + (1 << 20));
        require(outputBuffer.bytes() >= 1, "outputBuffer", outputBuffer, "1 byte or more");
        require(greetingTimeout.isPositive(), "greetingTimeout", greetingTimeout, "more than 0");
        require(silenceTimeout.isPositive(), "silenceTimeout", silenceTimeout, "more than 0");
        require(!idleTimeout.isNegative(), "idleTimeout", idleTimeout, "0 or more");
    }

    private static void require(boolean fine, String what, Object value, String range) {
        if (!fine) {
            throw new IllegalArgumentException(what + ": " + value + "; give " + range);
        }
    }

    /** This with another longest message. */
    public RpcLimits withMaxMessage(ByteSize newMaxMessage) {
        return new RpcLimits(newMaxMessage, maxCalls, outputBuffer, greetingTimeout, silenceTimeout, idleTimeout,
                window);
    }

    /** This with another number of calls. */
    public RpcLimits withMaxCalls(int newMaxCalls) {
        return new RpcLimits(maxMessage, newMaxCalls, outputBuffer, greetingTimeout, silenceTimeout, idleTimeout,
                window);
    }

    /** This with another bound on what waits for a peer. */
    public RpcLimits withOutputBuffer(ByteSize newOutputBuffer) {
        return new RpcLimits(maxMessage, maxCalls, newOutputBuffer, greetingTimeout, silenceTimeout, idleTimeout,
                window);
    }

    /** This with other times: see the components. */
    public RpcLimits withTimeouts(Duration greeting, Duration silence, Duration idle) {
        return new RpcLimits(maxMessage, maxCalls, outputBuffer, greeting, silence, idle, window);
    }

    /** This with another window. */
    public RpcLimits withWindow(RpcWindow newWindow) {
        return new RpcLimits(maxMessage, maxCalls, outputBuffer, greetingTimeout, silenceTimeout, idleTimeout,
                newWindow);
    }
}

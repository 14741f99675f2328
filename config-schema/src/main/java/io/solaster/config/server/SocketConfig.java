package io.solaster.config.server;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the kernel is told of a server's connections. What a transport cannot tell is left out, and the log says so at the start.
 * All but the water marks and half-close is TCP's, and means nothing on a Unix domain socket.
 *
 * @param noDelay whether what is written leaves at once, however little it is (TCP_NODELAY)
 * @param keepAlive whether TCP asks a silent client whether it is there (SO_KEEPALIVE)
 * @param keepAliveIdle after how long of silence it asks first; 0 as the system has it
 * @param keepAliveInterval how long until it asks again; 0 as the system has it
 * @param keepAliveCount how many questions without an answer end the connection; 0 as the system has it
 * @param userTimeout how long what was sent may stay unacknowledged (TCP_USER_TIMEOUT); 0 as the system has it
 * @param fastOpen clients that may send their first bytes with the first packet (TCP Fast Open) while they are not accepted yet,
 *            where net.ipv4.tcp_fastopen allows it to servers; 0 for none
 * @param sendBuffer the kernel's buffer for what a client has not read (SO_SNDBUF); 0 as the system has it, which lets it grow
 * @param receiveBuffer the kernel's buffer for what the server has not read (SO_RCVBUF); 0 as the system has it, which lets it
 *            grow
 * @param writeHighWaterMark bytes beyond the kernel's that one connection may leave unsent before whoever writes is told to wait;
 *            0 as the protocol has it
 * @param writeLowWaterMark bytes down to which they must fall for whoever waits to go on; 0 for half the high-water mark
 * @param zeroCopyFrom bytes from which on a write is sent from where it lies, without a copy in the kernel (SEND_ZC), over io_uring;
 *            0 for never. Worth it for large writes only. Where the process may not lock as much memory (ulimit -l), such a
 *            write fails and its connection closes
 * @param halfClose whether a client that has ended its side is still answered what it has asked for, and disconnected then; else
 *            it is disconnected at once. HTTP has a key of its own
 */
public record SocketConfig(@DefaultValue("true") boolean noDelay, @DefaultValue("true") boolean keepAlive,
        @DefaultValue("0s") Duration keepAliveIdle, @DefaultValue("0s") Duration keepAliveInterval,
        @DefaultValue("0") @Range(min = 0, max = 127) int keepAliveCount, @DefaultValue("0s") Duration userTimeout,
        @DefaultValue("0") @Range(min = 0, max = 65_535) int fastOpen, @DefaultValue("0") ByteSize sendBuffer,
        @DefaultValue("0") ByteSize receiveBuffer, @DefaultValue("0") ByteSize writeHighWaterMark,
        @DefaultValue("0") ByteSize writeLowWaterMark, @DefaultValue("0") ByteSize zeroCopyFrom,
        @DefaultValue("false") boolean halfClose) {

    /** What an empty configuration gives. */
    public static SocketConfig defaults() {
        ByteSize asItIs = new ByteSize(0);
        return new SocketConfig(true, true, Duration.ZERO, Duration.ZERO, 0, Duration.ZERO, 0, asItIs, asItIs, asItIs,
                asItIs, asItIs, false);
    }
}

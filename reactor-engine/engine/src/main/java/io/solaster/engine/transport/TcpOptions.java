package io.solaster.engine.transport;

import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.uring.IoUringChannelOption;
import io.solaster.config.EngineConfig.Transport;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * Options of TCP that each transport has under names of its own, for servers and clients. Any thread.
 *
 * @param keepAliveIdle seconds of silence after which the other end is asked first
 * @param keepAliveInterval seconds until it is asked again
 * @param keepAliveCount questions without an answer that end the connection
 * @param userTimeout milliseconds that what was sent may stay unacknowledged; null where the transport lacks it
 * @param fastOpen clients that may send with their first packet while nobody has accepted them; null likewise
 * @param zeroCopyFrom bytes from which on a write is sent without a copy in the kernel; null likewise
 */
public record TcpOptions(ChannelOption<Integer> keepAliveIdle, ChannelOption<Integer> keepAliveInterval,
        ChannelOption<Integer> keepAliveCount, @Nullable ChannelOption<Integer> userTimeout,
        @Nullable ChannelOption<Integer> fastOpen, @Nullable ChannelOption<Integer> zeroCopyFrom) {
    /** The kernel keeps them in a byte or in 15 bits. */
    private static final int LONGEST_SECONDS = 32_767;

    /** The names of one transport. */
    public static TcpOptions of(Transport kind) {
        return switch (kind) {
            case EPOLL -> new TcpOptions(EpollChannelOption.TCP_KEEPIDLE, EpollChannelOption.TCP_KEEPINTVL,
                    EpollChannelOption.TCP_KEEPCNT, EpollChannelOption.TCP_USER_TIMEOUT, ChannelOption.TCP_FASTOPEN,
                    null);
            case IO_URING -> new TcpOptions(IoUringChannelOption.TCP_KEEPIDLE, IoUringChannelOption.TCP_KEEPINTVL,
                    IoUringChannelOption.TCP_KEEPCNT, IoUringChannelOption.TCP_USER_TIMEOUT,
                    ChannelOption.TCP_FASTOPEN, IoUringChannelOption.IO_URING_WRITE_ZERO_COPY_THRESHOLD);
            // The JDK has the other three not.
            case NIO, AUTO -> new TcpOptions(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE),
                    NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL),
                    NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), null, null, null);
        };
    }

    /**
     * Says when a silent connection is asked whether anybody is there. What is 0 stays as the system has it.
     *
     * @param idle seconds of silence
     * @param interval seconds between questions
     * @param count questions without an answer that end it
     */
    public void keepAlive(ChannelConfig config, long idle, long interval, int count) {
        seconds(config, keepAliveIdle, idle);
        seconds(config, keepAliveInterval, interval);
        if (count > 0) {
            config.setOption(keepAliveCount, count);
        }
    }

    private static void seconds(ChannelConfig config, ChannelOption<Integer> option, long seconds) {
        if (seconds > 0) {
            config.setOption(option, (int) Math.min(seconds, LONGEST_SECONDS));
        }
    }

    /** Says how long what was sent may stay unacknowledged; nothing where it is 0, or the transport lacks it. */
    public void userTimeout(ChannelConfig config, long millis) {
        if (millis > 0 && userTimeout != null) {
            config.setOption(userTimeout, (int) Math.min(millis, Integer.MAX_VALUE));
        }
    }
}

package io.solaster.http.server;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringSocketChannel;

/**
 * Bounds what the kernel keeps of a response that a client does not read: it would take megabytes for each, which no limit
 * of ours sees. What is sent and not acknowledged is not counted, so that fast clients far away lose nothing. NIO cannot
 * ask for it.
 */
final class UnsentLimit {
    /** Enough that the kernel seldom waits for us. */
    private static final int BYTES = 256 << 10;

    private UnsentLimit() {}

    static void on(Channel channel) {
        if (channel instanceof EpollSocketChannel) {
            channel.config().setOption(EpollChannelOption.TCP_NOTSENT_LOWAT, (long) BYTES);
        } else if (channel instanceof IoUringSocketChannel) {
            channel.config().setOption(IoUringChannelOption.TCP_NOTSENT_LOWAT, (long) BYTES);
        }
    }
}

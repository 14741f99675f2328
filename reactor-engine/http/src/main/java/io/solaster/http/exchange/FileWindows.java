package io.solaster.http.exchange;

import java.nio.channels.FileChannel;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.DefaultFileRegion;

/**
 * Has the kernel send a part of a file as the body of a response, a window at a time: so that it is seen whether the client
 * takes it. For the first exchange of a plain connection; on the owning shard.
 */
final class FileWindows implements ChannelFutureListener {
    /** What a client must take within {@code body-timeout}. */
    private static final int WINDOW = 256 << 10;
    /** Netty counts in ints where io_uring sends a file. */
    static final long MOST = Integer.MAX_VALUE;

    private final LoopResponse response;
    private final Carrier carrier;
    private final FileChannel file;
    private long position;
    private long left;
    private long window;

    /** @param file left open */
    FileWindows(LoopResponse response, Carrier carrier, FileChannel file, long position, long count) {
        this.response = response;
        this.carrier = carrier;
        this.file = file;
        this.position = position;
        this.left = count;
    }

    void send() {
        Window next = new Window(file, position, Math.min(left, WINDOW));
        // Before it is written, since that may be done at once, and call for the next.
        position += next.count();
        left -= next.count();
        window = next.count();
        carrier.write(next, this);
    }

    @Override
    public void operationComplete(ChannelFuture sent) {
        if (response.isOver()) {
            return;
        }
        if (sent.isSuccess()) {
            response.sentFile(window);
        }
        if (!sent.isSuccess()) {
            response.abort(sent.cause());
        } else if (left > 0) {
            send();
        } else {
            response.end();
        }
    }

    /** One that leaves the file open for the next. */
    private static final class Window extends DefaultFileRegion {
        Window(FileChannel file, long position, long count) {
            super(file, position, count);
        }

        @Override
        protected void deallocate() {}
    }
}

package io.solaster.http.exchange;

import java.nio.channels.FileChannel;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.solaster.engine.Shard;
import io.solaster.engine.file.ShardFile;
import io.solaster.http.files.FilePump;
import io.solaster.http.files.StaticFiles;
import org.jspecify.annotations.Nullable;

/**
 * Has the kernel send a part of a file as the body of a response, a window at a time: so that it is seen whether the client
 * takes it, and that the loop waits for no disk. A window that the kernel has in its page cache is sent by sendfile; one that it
 * has not is read as all else is, off the loop, and what was read is sent. For the first exchange of a plain connection over
 * epoll; on the owning shard.
 */
final class FileWindows implements ChannelFutureListener {
    /** What a client must take within {@code body-timeout}. */
    private static final int WINDOW = 256 << 10;

    private final LoopResponse response;
    private final Carrier carrier;
    private final ShardFile file;
    private final FilePump.Source source;
    private final Channel channel;
    private long position;
    private long left;
    private long window;
    private boolean begun;

    /** @param file left open */
    FileWindows(LoopResponse response, ShardFile file, long position, long count) {
        this.response = response;
        this.carrier = response.exchange.carrier();
        this.channel = carrier.channel();
        this.file = file;
        this.source = FilePump.of(response.exchange.shard().shard(), file);
        this.position = position;
        this.left = count;
    }

    /** Sends a part of a file that is read off the shard, and closes the file at the end. */
    static void send(LoopResponse response, FileChannel file, long position, long count) {
        Shard shard = response.exchange.shard().shard();
        response.onEnd(failure -> FilePump.close(shard, file));
        if (response.isOpen("sendFile()")) {
            pump(response, FilePump.of(shard, file), position, count);
        }
    }

    /** As above, by windows where the kernel may send them. */
    static void send(LoopResponse response, ShardFile file, long position, long count) {
        // A file of another shard is refused below, and closed all the same.
        response.onEnd(failure -> file.closeAtHome());
        if (!response.isOpen("sendFile()")) {
            return;
        }
        Exchange exchange = response.exchange;
        if (exchange.request().isHead() || count == 0 || !exchange.carrier().sendsFiles(exchange)
                || !file.sendsTo(exchange.carrier().channel())) {
            pump(response, FilePump.of(exchange.shard().shard(), file), position, count);
        } else {
            response.headers.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(count));
            new FileWindows(response, file, position, count).send();
        }
    }

    private static void pump(LoopResponse response, FilePump.Source file, long position, long count) {
        Exchange exchange = response.exchange;
        response.headers.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(count));
        FilePump.send(exchange.handlersRequest(), exchange.handlersResponse(), file,
                List.of(new FilePump.Piece("", position, exchange.request().isHead() ? 0 : count)));
    }

    /** Sends the head, and then all of it. */
    private void send() {
        if (left == 0) {
            response.end();
            return;
        }
        long next = Math.min(left, WINDOW);
        if (!file.isCached(position, next)) {
            source.read(position, (int) Math.min(left, FilePump.CHUNK)).whenComplete(this::sendRead);
        } else if (begins()) {
            long from = position;
            // Before it is written, since that may be done at once, and call for the next.
            position += next;
            left -= next;
            window = next;
            carrier.write(file.region(channel, from, next), this);
        }
    }

    /** Whether the head has been sent, and a body may be. */
    private boolean begins() {
        if (!begun) {
            begun = true;
            response.stream();
            response.onWritable(this::send);
            if (response.state == LoopResponse.State.STREAMING && response.dropsBody) {
                response.end();
            }
        }
        return response.state == LoopResponse.State.STREAMING;
    }

    private void sendRead(@Nullable ByteBuf bytes, @Nullable Throwable failure) {
        if (response.isOver()) {
            if (bytes != null) {
                bytes.release();
            }
        } else if (bytes == null || !bytes.isReadable()) {
            if (bytes != null) {
                bytes.release();
            }
            response.fail(failure == null ? FilePump.isShorter(begun) : StaticFiles.refusal(failure));
        } else if (begins()) {
            position += bytes.readableBytes();
            left -= bytes.readableBytes();
            if (response.write(bytes) || left == 0) {
                send();
            }
        } else {
            bytes.release();
        }
    }

    @Override
    public void operationComplete(ChannelFuture sent) {
        if (response.isOver()) {
            return;
        }
        if (sent.isSuccess()) {
            response.sentFile(window);
            send();
        } else {
            response.abort(sent.cause());
        }
    }
}

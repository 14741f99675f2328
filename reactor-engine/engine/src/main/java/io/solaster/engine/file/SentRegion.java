package io.solaster.engine.file;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;

import io.netty.channel.FileRegion;
import io.netty.util.AbstractReferenceCounted;

/** A part of a file that the kernel sends to one socket, and that keeps the file open. On the shard. */
final class SentRegion extends AbstractReferenceCounted implements FileRegion {
    private final ShardFile file;
    private final int socket;
    private final int descriptor;
    private final long position;
    private final long count;
    private long transferred;

    SentRegion(ShardFile file, int socket, int descriptor, long position, long count) {
        this.file = file;
        this.socket = socket;
        this.descriptor = descriptor;
        this.position = position;
        this.count = count;
        file.began();
    }

    @Override
    public long transferTo(WritableByteChannel target, long from) throws IOException {
        if (from >= count) {
            return 0;
        }
        long sent = Libc.sendFile(socket, descriptor, position + from, count - from, file.path());
        if (sent < 0) {
            throw new EOFException(file.path() + " has become shorter while it was sent: it ends before byte "
                    + (position + from));
        }
        transferred += sent;
        return sent;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    @Deprecated
    public long transfered() {
        return transferred;
    }

    @Override
    public long transferred() {
        return transferred;
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    protected void deallocate() {
        file.ended();
    }

    @Override
    public FileRegion retain() {
        super.retain();
        return this;
    }

    @Override
    public FileRegion retain(int increment) {
        super.retain(increment);
        return this;
    }

    @Override
    public FileRegion touch() {
        return this;
    }

    @Override
    public FileRegion touch(Object hint) {
        return this;
    }
}

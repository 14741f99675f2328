package io.solaster.http.body;

import java.nio.file.Path;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.http.Failures;
import org.jspecify.annotations.Nullable;

/** A file of a {@link Multipart} form, in memory or on disk until the end of the exchange. On the owning shard. */
public final class Part {
    private final Shard shard;
    private final String name;
    private final String filename;
    private final String contentType;
    private final long size;
    private final @Nullable ByteBuf content;
    private final @Nullable ShardFile file;

    Part(Shard shard, String name, String filename, String contentType, long size, @Nullable ByteBuf content,
            @Nullable ShardFile file) {
        this.shard = shard;
        this.name = name;
        this.filename = filename;
        this.contentType = contentType;
        this.size = size;
        this.content = content;
        this.file = file;
    }

    /** The field's name. */
    public String name() {
        return name;
    }

    /**
     * What the client calls the file: the last segment of whatever it sent. Not to be trusted: make a name of your own to
     * keep it.
     */
    public String filename() {
        return filename;
    }

    /** What the client says that it is. */
    public String contentType() {
        return contentType;
    }

    /** In bytes. */
    public long size() {
        return size;
    }

    /** What it holds, if it was small enough to stay in memory; null if it is on disk. Retain it to keep it. */
    public @Nullable ByteBuf content() {
        return content;
    }

    /**
     * By which path it can be opened and read until the end of the exchange, if it was too large for memory; null otherwise.
     * On Linux the file has no name, so that nothing is left of it however the process ends: rename nothing to keep it, but
     * call {@link #moveTo}.
     */
    public @Nullable Path file() {
        return file == null ? null : file.path();
    }

    /**
     * Keeps it beyond the exchange, in memory or on disk.
     *
     * @param target replaced if it exists
     * @return done once it is there, on the shard
     */
    public ShardFuture<Path> moveTo(Path target) {
        if (file != null) {
            return (ShardFuture<Path>) file.keep(target).thenApply(kept -> target);
        }
        ByteBuf bytes = content == null ? Unpooled.EMPTY_BUFFER : content.retainedDuplicate();
        ShardFuture<Path> moved = shard.newFuture();
        shard.files().open(target, OpenMode.CREATE).whenComplete((opened, failure) -> {
            if (opened == null) {
                bytes.release();
                moved.fail(failure);
                return;
            }
            opened.truncate(0).thenCompose(cut -> opened.write(bytes.retain(), 0)).whenComplete((done, unwritten) -> {
                bytes.release();
                opened.close().whenComplete((closed, unclosed) -> {
                    if (unwritten != null) {
                        moved.fail(Failures.cause(unwritten));
                    } else if (unclosed != null) {
                        moved.fail(unclosed);
                    } else {
                        moved.resolve(target);
                    }
                });
            });
        });
        return moved;
    }

    @Override
    public String toString() {
        return name + ": " + filename + " (" + contentType + ", " + size + " bytes)";
    }
}

package io.solaster.log.format;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.solaster.config.Internal;

/** The files of a shard's log, as a reader needs them. */
@Internal
public interface Segments {

    /** The names of what is in a directory. */
    List<String> list(Path directory) throws IOException;

    /** Opens a file to read it. */
    Source open(Path file) throws IOException;

    /** Called often: lets others have their turn where they need one. */
    default void pause() {}

    /** One file. */
    interface Source extends Closeable {

        /** In bytes. */
        long size() throws IOException;

        /** Fills what is writable of a buffer, with less only where the file ends. */
        void read(ByteBuf into, long position) throws IOException;
    }
}

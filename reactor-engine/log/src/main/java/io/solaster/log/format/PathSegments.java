package io.solaster.log.format;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

import io.netty.buffer.ByteBuf;
import io.solaster.config.Internal;

/** The files of a log on this machine, for a thread that may wait for them. */
@Internal
public final class PathSegments implements Segments {

    @Override
    public List<String> list(Path directory) throws IOException {
        try (Stream<Path> found = Files.list(directory)) {
            return found.map(each -> String.valueOf(each.getFileName())).sorted().toList();
        }
    }

    @Override
    public Source open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        return new Source() {
            @Override
            public long size() throws IOException {
                return channel.size();
            }

            @Override
            public void read(ByteBuf into, long position) throws IOException {
                ByteBuffer bytes = into.nioBuffer(into.writerIndex(), into.writableBytes());
                long at = position;
                while (bytes.hasRemaining()) {
                    int count = channel.read(bytes, at);
                    if (count < 0) {
                        throw new EOFException(file + " ends at byte " + at + ", and was longer a moment ago");
                    }
                    at += count;
                }
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }
}

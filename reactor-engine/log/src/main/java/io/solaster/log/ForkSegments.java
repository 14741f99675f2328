package io.solaster.log;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.log.format.Segments;

/** The files of a shard's log by its own {@link io.solaster.engine.file.ShardFiles}. On a virtual thread of the shard. */
final class ForkSegments implements Segments {
    private final Patient patient;

    ForkSegments(Patient patient) {
        this.patient = patient;
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        return patient.await(() -> patient.files().list(directory));
    }

    @Override
    public Source open(Path path) throws IOException {
        return new Opened(patient.await(() -> patient.files().open(path, OpenMode.READ)));
    }

    @Override
    public void pause() {
        if (Shard.needPreempt()) {
            Shard.yield();
        }
    }

    private final class Opened implements Source {
        private final ShardFile file;

        Opened(ShardFile file) {
            this.file = file;
        }

        @Override
        public long size() throws IOException {
            return patient.await(file::size);
        }

        @Override
        public void read(ByteBuf into, long position) throws IOException {
            int wanted = into.writableBytes();
            int count = patient.await(() -> file.read(into, position));
            if (count < wanted) {
                throw new EOFException(file.path() + " ends at byte " + (position + count)
                        + ", and was longer a moment ago: somebody else writes it");
            }
        }

        @Override
        public void close() throws IOException {
            patient.close(file);
        }
    }
}

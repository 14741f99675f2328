package io.solaster.store;

import java.nio.file.Path;

import io.solaster.config.value.Fsync;

/** A process that serves a store that is kept, until it is killed. */
final class KeptProcess {
    private KeptProcess() {}

    /** @param arguments directory, fsync, shards */
    public static void main(String... arguments) throws InterruptedException {
        KeptStore store = new KeptStore(Integer.parseInt(arguments[2]),
                KeptStore.small(Path.of(arguments[0])).withFsync(Fsync.valueOf(arguments[1])));
        System.out.println("port " + store.port());
        Thread.currentThread().join();
    }
}

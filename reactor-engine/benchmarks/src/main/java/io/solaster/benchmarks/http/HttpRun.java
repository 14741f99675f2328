package io.solaster.benchmarks.http;

/**
 * What asking one server for a while gave.
 *
 * @param cpuMicros the server's CPU time per request
 * @param userMicros what of it was not the kernel's
 * @param perSecond requests
 */
record HttpRun(double cpuMicros, double userMicros, double perSecond) {

    /** What has been counted of a server's CPU since. */
    static final class Meter {
        private final HttpProcess server;
        private final long cpu;
        private final long user;
        private final long start = System.nanoTime();

        Meter(HttpProcess server) {
            this.server = server;
            this.cpu = server.cpuNanos();
            this.user = server.userNanos();
        }

        /** So many requests were answered since. */
        HttpRun read(double requests) {
            return read(requests, requests * 1e9 / (System.nanoTime() - start));
        }

        /**
         * So many requests were answered since.
         *
         * @param perSecond what the client counted
         */
        HttpRun read(double requests, double perSecond) {
            return new HttpRun((server.cpuNanos() - cpu) / 1000.0 / requests,
                    (server.userNanos() - user) / 1000.0 / requests, perSecond);
        }
    }
}

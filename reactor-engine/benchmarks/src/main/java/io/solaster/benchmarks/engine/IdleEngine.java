package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Workplace;

/** What an engine of two shards costs that has connections and nothing to do. */
final class IdleEngine implements Measure {
    private static final int CONNECTIONS = 1_000;
    private static final long SETTLE_MILLIS = 3_000;

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<String> transports = options.transport().equals("auto")
                ? List.of("epoll", "io_uring", "nio")
                : List.of(options.transport());
        List<HostProcess> hosts = new ArrayList<>();
        List<SocketChannel> clients = new ArrayList<>();
        try {
            for (String transport : transports) {
                HostProcess host = new HostProcess(workplace, workplace.bothCpus(), 2, transport, "default");
                hosts.add(host);
                for (int i = 0; i < CONNECTIONS; i++) {
                    clients.add(SocketChannel
                            .open(new InetSocketAddress(InetAddress.getLoopbackAddress(), host.port(0))));
                }
            }
            Thread.sleep(options.quick() ? SETTLE_MILLIS / 3 : SETTLE_MILLIS);
            // All at once, since idle ones are not in each other's way; twice for the noise.
            double[] first = percents(hosts, options.seconds());
            double[] second = percents(hosts, options.seconds());
            for (int i = 0; i < hosts.size(); i++) {
                report.atMost("idle engine, 2 shards, " + CONNECTIONS + " connections, " + transports.get(i),
                        (first[i] + second[i]) / 2, 1, " % of a core", Math.abs(second[i] / first[i] - 1));
            }
        } finally {
            for (SocketChannel client : clients) {
                client.close();
            }
            hosts.forEach(HostProcess::close);
        }
    }

    private static double[] percents(List<HostProcess> hosts, int seconds) throws InterruptedException {
        long start = System.nanoTime();
        long[] before = hosts.stream().mapToLong(HostProcess::cpuNanos).toArray();
        Thread.sleep(seconds * 1000L);
        double[] percents = new double[before.length];
        for (int i = 0; i < percents.length; i++) {
            percents[i] = 100.0 * (hosts.get(i).cpuNanos() - before[i]) / (System.nanoTime() - start);
        }
        return percents;
    }
}

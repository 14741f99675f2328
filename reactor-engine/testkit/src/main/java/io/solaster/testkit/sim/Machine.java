package io.solaster.testkit.sim;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.IdleConfig;
import io.solaster.config.MeshConfig;
import io.solaster.config.OffloadConfig;
import io.solaster.config.StallConfig;
import io.solaster.config.plan.Machine.Core;
import io.solaster.config.plan.Machine.NumaNode;
import io.solaster.config.value.CpuSet;
import io.solaster.config.value.ShardCount;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.env.Environment;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.testkit.sim.disk.SimDisk;
import org.jspecify.annotations.Nullable;

/**
 * A machine of a simulation: an engine at a time, sockets, a clock. Made by {@link Simulation#machine}. By whoever holds
 * the baton: the test, or code that is simulated.
 */
public final class Machine {
    private static final int CPUS = 64;
    private static final int SHARDS = 2;
    private static final int OFFLOAD_THREADS = 2;
    private static final int FIRST_EPHEMERAL = 32_768;
    private static final int LAST_EPHEMERAL = 65_535;
    /** In so many lives one has a certain limit made small. */
    private static final int SMALL = 4;

    private final Scheduler scheduler;
    private final Network network;
    private final int number;
    private final String name;
    private final InetAddress ip;
    private final boolean chance;
    private final SimDisk disk;
    private final Set<Socket> sockets = new LinkedHashSet<>();
    private final List<Listening> listening = new ArrayList<>();
    private final List<UdpSocket> datagrams = new ArrayList<>();
    private final List<Life> lives = new ArrayList<>();
    private final List<Missed> missed = new ArrayList<>();
    private @Nullable Life life;
    private int nextPort = FIRST_EPHEMERAL;
    private int channels;
    private boolean refuses;
    private long overflows;
    long wallOffset;
    /** Parts of a million that its clocks go too fast. */
    long drift;

    /** What arrived while it was down: its sender sends it again so long after the next start. */
    private record Missed(long delay, Runnable again) {}

    Machine(Scheduler scheduler, Network network, int number, String name, boolean chance) {
        this.scheduler = scheduler;
        this.network = network;
        this.number = number;
        this.name = name;
        this.ip = Network.ip(number, name);
        this.chance = chance;
        this.disk = SimEnvironment.newDisk(scheduler);
    }

    /**
     * Starts an engine, over simulated sockets, clocks and threads. Its configuration is as given, but that it is not
     * pinned, watches for no stalls and has few threads for what blocks; where chance is on, some limits are small.
     *
     * @throws IllegalStateException if an engine runs here already
     */
    public Engine start(EngineConfig config) {
        if (isUp()) {
            throw new IllegalStateException(
                    "machine " + name + " runs already; stop or crash it before it starts again");
        }
        Life begun = new Life(scheduler, this, chance);
        life = begun;
        lives.add(begun);
        TransportChoice transport = new TransportChoice(Transport.NIO, "the network is simulated",
                executor -> new SimIoHandler(begun), () -> new SimServerChannel(this), () -> new SimSocketChannel(this),
                () -> new SimDatagramChannel(this), true);
        Engine started;
        try {
            started = Engine.start(simulated(config), model(), begun.environment, transport);
        } catch (RuntimeException | Error e) {
            begun.over = true;
            throw e;
        }
        begun.engine = started;
        missed.forEach(each -> scheduler.at(scheduler.now() + each.delay, each.again));
        missed.clear();
        return started;
    }

    /**
     * Has something sent again once this machine, which is down, has been started: as TCP does, but without an event for each
     * vain attempt, since a simulation in which nothing else happens is to end.
     *
     * @param delay how long after the start, in nanoseconds
     */
    void sendAgainOnceUp(long delay, Runnable again) {
        missed.add(new Missed(delay, again));
    }

    private EngineConfig simulated(EngineConfig config) {
        SplittableRandom random = scheduler.random();
        MeshConfig mesh = small(random)
                ? new MeshConfig(2 << random.nextInt(2), 1 + random.nextInt(8))
                : config.mesh();
        Duration quota = small(random) ? Duration.ofNanos(1_000) : config.taskQuota();
        IdleConfig idle = new IdleConfig(IdleConfig.Policy.PARK, Duration.ZERO,
                small(random) ? Duration.ZERO : config.idle().lingerFor());
        return new EngineConfig(config.shards().equals(ShardCount.AUTO) ? new ShardCount(SHARDS) : config.shards(),
                config.smt(), Pinning.NEVER, config.housekeeping(), Transport.AUTO, idle, quota, mesh,
                new OffloadConfig(OFFLOAD_THREADS, OFFLOAD_THREADS, OFFLOAD_THREADS,
                        config.offload().queueCapacity()),
                config.files(), config.memory(), config.checks(), config.shutdownTimeout(), config.groups(),
                new StallConfig(false, config.stalls().threshold(), config.stalls().reportsPerMinute(),
                        config.stalls().grace()));
    }

    private boolean small(SplittableRandom random) {
        return chance && random.nextInt(SMALL) == 0;
    }

    private static io.solaster.config.plan.Machine model() {
        CpuSet all = CpuSet.of(IntStream.range(0, CPUS).toArray());
        List<Core> cores = IntStream.range(0, CPUS).mapToObj(cpu -> new Core(0, CpuSet.of(cpu), 1024)).toList();
        return new io.solaster.config.plan.Machine(all, all, CpuSet.EMPTY, cores, List.of(all),
                List.of(new NumaNode(0, all, 1L << 40)), OptionalDouble.empty(), OptionalLong.empty(), 1 << 20,
                Long.MAX_VALUE);
    }

    /**
     * The engine that runs here.
     *
     * @throws IllegalStateException if none does
     */
    public Engine engine() {
        Engine running = isUp() ? present().engine : null;
        if (running == null) {
            throw new IllegalStateException("machine " + name + " is not running; start it");
        }
        return running;
    }

    /**
     * Connects a client of a test's own from one of the engine's shards. Any thread of the simulation.
     *
     * @param handler makes what reads the connection, for its channel; on the shard
     * @return that handler, once it is connected; fails as the connecting does
     */
    public <H extends ChannelHandler> CompletableFuture<H> connect(int shardId, InetSocketAddress to,
            Function<Channel, H> handler) {
        CompletableFuture<H> connected = new CompletableFuture<>();
        Engine from = engine();
        Shard shard = from.shard(shardId);
        shard.execute(() -> {
            Channel channel = from.transport().clientChannels().get();
            H reads = handler.apply(channel);
            channel.pipeline().addLast(reads);
            shard.register(channel).addListener(registered -> channel.connect(to).addListener(done -> {
                if (done.isSuccess()) {
                    connected.complete(reads);
                } else {
                    connected.completeExceptionally(done.cause());
                }
            }));
        });
        return connected;
    }

    /** Where time, chance and threads come from on this machine: what its engine was started with. */
    public Environment environment() {
        return present().environment;
    }

    private Life present() {
        Life present = life;
        if (present == null) {
            throw new IllegalStateException("machine " + name + " has not been started");
        }
        return present;
    }

    /** Whether it runs, be it frozen. */
    public boolean isUp() {
        Life present = life;
        return present != null && !present.over;
    }

    /** Stops the engine in good order, and the machine with it. */
    public void stop() {
        Engine running = engine();
        notFromHere("stop");
        running.close();
        present().over = true;
        forgetSockets();
    }

    /**
     * The power fails: nothing runs on, and nobody is told. Whoever sends something hears nothing and, once the machine is
     * started again, that the connection is reset. The disk loses what was not synced.
     */
    public void crash() {
        die();
        disk.crash();
        forgetSockets();
    }

    /** The process dies: nothing runs on, and its kernel resets its connections. */
    public void kill() {
        die();
        disk.kill();
        List.copyOf(sockets).forEach(Socket::abort);
        forgetSockets();
    }

    private void die() {
        engine();
        notFromHere("end");
        Life ended = present();
        ended.over = true;
        scheduler.take(ended);
    }

    private void forgetSockets() {
        listening.clear();
        datagrams.forEach(UdpSocket::die);
        datagrams.clear();
        sockets.forEach(Socket::die);
        sockets.clear();
    }

    private void notFromHere(String what) {
        Participant self = Participant.current();
        if (self == null || self.life == life) {
            throw new IllegalStateException("machine " + name + " cannot " + what
                    + " itself and go on; do it on the test's thread, or by Simulation.thread");
        }
    }

    /** Nothing runs here until {@link #thaw}, as if the process were stopped; its kernel goes on. */
    public void freeze() {
        engine();
        notFromHere("freeze");
        Life present = present();
        if (!present.frozen) {
            present.frozen = true;
            scheduler.take(present);
        }
    }

    /** For a drawn fault, which may fall at any moment: while the engine starts, there is none yet to freeze. */
    void freezeIfUp() {
        Life present = life;
        if (present != null && !present.over && present.engine != null) {
            freeze();
        }
    }

    /** Ends {@link #freeze}. */
    public void thaw() {
        Life present = life;
        if (present != null && present.frozen) {
            present.frozen = false;
            if (!present.over) {
                scheduler.giveBack(present);
            }
        }
    }

    /** What the files of its shards are on; it stays when the machine starts anew. */
    public SimDisk disk() {
        return disk;
    }

    /** Whether it refuses connections, though something listens. */
    public void refuse(boolean newRefuses) {
        refuses = newRefuses;
    }

    boolean refuses() {
        return refuses;
    }

    /** Its time of day jumps; its monotonic clock does not. */
    public void jumpClock(Duration by) {
        wallOffset += by.toNanos();
    }

    /**
     * From now on its clocks are too fast by so many parts of a million; too slow below 0.
     *
     * @throws IllegalArgumentException beyond a tenth
     */
    public void drift(int partsPerMillion) {
        if (Math.abs(partsPerMillion) > 100_000) {
            throw new IllegalArgumentException("a drift of " + partsPerMillion + " ppm; give -100000 to 100000");
        }
        lives.forEach(each -> each.environment.drift(partsPerMillion));
        drift = partsPerMillion;
    }

    /** Where something on this machine listens. */
    public InetSocketAddress address(int port) {
        return new InetSocketAddress(ip, port);
    }

    InetAddress ip() {
        return ip;
    }

    int number() {
        return number;
    }

    int nextChannelId() {
        return channels++;
    }

    Set<Socket> sockets() {
        return sockets;
    }

    List<Life> lives() {
        return lives;
    }

    Socket clientSocket() {
        try {
            return new Socket(network, this, new InetSocketAddress(ip, freePort(this::isTaken)));
        } catch (BindException e) {
            throw new IllegalStateException("machine " + name + " has no free port; close some connections", e);
        }
    }

    /** The next port that nobody has: what has long been open keeps its own. */
    private int freePort(IntPredicate isTaken) throws BindException {
        for (int looks = FIRST_EPHEMERAL; looks <= LAST_EPHEMERAL; looks++) {
            int port = nextPort;
            nextPort = port == LAST_EPHEMERAL ? FIRST_EPHEMERAL : port + 1;
            if (!isTaken.test(port)) {
                return port;
            }
        }
        throw new BindException("Address already in use");
    }

    /** Whether a TCP socket has that port. */
    private boolean isTaken(int port) {
        return listening.stream().anyMatch(each -> each.port == port)
                || sockets.stream().anyMatch(each -> each.local().getPort() == port);
    }

    /** Whether a UDP socket has that port. */
    private boolean isTakenForDatagrams(int port) {
        return datagrams.stream().anyMatch(each -> each.local().getPort() == port);
    }

    void opened(Socket socket) {
        sockets.add(socket);
    }

    void closed(Socket socket) {
        sockets.remove(socket);
    }

    private void checkLocal(InetSocketAddress address) throws BindException {
        InetAddress host = address.getAddress();
        if (host == null || !(host.isAnyLocalAddress() || host.isLoopbackAddress() || host.equals(ip))) {
            throw new BindException("Cannot assign requested address");
        }
    }

    Listening listen(InetSocketAddress address, boolean besideOthers, int backlog, Runnable ready)
            throws IOException {
        checkLocal(address);
        int port = address.getPort() == 0 ? freePort(this::isTaken) : address.getPort();
        for (Listening other : listening) {
            if (other.port == port && !(other.besideOthers && besideOthers)) {
                throw new BindException("Address already in use");
            }
        }
        Listening added = new Listening(port, besideOthers, backlog, ready);
        listening.add(added);
        return added;
    }

    void listensNoMore(Listening socket) {
        listening.remove(socket);
    }

    /** One of the sockets that listen on a port; null if none does. */
    @Nullable
    Listening listens(int port) {
        List<Listening> all = listening.stream().filter(each -> each.port == port).toList();
        return all.isEmpty() ? null : all.get(scheduler.random().nextInt(all.size()));
    }

    /** A UDP socket. */
    UdpSocket bind(InetSocketAddress address, boolean besideOthers, Runnable ready) throws IOException {
        checkLocal(address);
        int port = address.getPort() == 0 ? freePort(this::isTakenForDatagrams) : address.getPort();
        for (UdpSocket other : datagrams) {
            if (other.local().getPort() == port && !(other.besideOthers && besideOthers)) {
                throw new BindException("Address already in use");
            }
        }
        UdpSocket added = new UdpSocket(network, this, port, besideOthers, ready);
        datagrams.add(added);
        return added;
    }

    void closed(UdpSocket socket) {
        datagrams.remove(socket);
    }

    boolean hasDatagrams() {
        return !datagrams.isEmpty();
    }

    /** The UDP socket that hears from there on a port; null if none does. */
    @Nullable
    UdpSocket hears(int port, InetSocketAddress from) {
        List<UdpSocket> all = datagrams.stream().filter(each -> each.local().getPort() == port && each.hears(from))
                .toList();
        List<UdpSocket> connected = all.stream().filter(each -> each.remote() != null).toList();
        List<UdpSocket> first = connected.isEmpty() ? all : connected;
        return first.isEmpty() ? null : first.get(UdpSocket.choose(from, first.size()));
    }

    void overflows() {
        overflows++;
    }

    /** Datagrams that arrived here so far and were lost, since what their socket keeps unread was full. */
    public long overflowed() {
        return overflows;
    }

    /** Something happens after a while, as {@link Scheduler#at}. */
    void later(long nanos, Runnable action) {
        scheduler.at(scheduler.now() + nanos, action);
    }

    @Override
    public String toString() {
        return name;
    }
}

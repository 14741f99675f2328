package io.solaster.operator.reconcile;

import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpecBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has one of several operators work at a time, by a Lease, as client-go's leader election does: how long a lease has
 * stood is measured from when it was seen to change, by a clock that only runs forward. The times in a lease are for people,
 * and never compared: operators whose clocks are hours apart agree. {@link #leads} is for any thread; the rest runs on
 * threads of its own.
 */
final class Leadership implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);

    static final String NAME = "solaster-operator";
    /** Who waits takes a lease that it has seen unchanged for so long. */
    static final Duration LEASE = Duration.ofSeconds(15);
    /** Who leads ends when it has not renewed its lease for so long: well before somebody else may take that. */
    static final Duration RENEWED = Duration.ofSeconds(10);
    private static final Duration WATCH = Duration.ofMillis(500);
    /** An answer that comes later would leave no time for another attempt. */
    private static final Duration PATIENCE = Duration.ofSeconds(4);
    private static final long QUIET = Duration.ofMinutes(1).toNanos();

    private final KubernetesClient client;
    private final String namespace;
    private final String identity;
    private final InstantSource clock;
    private final LongSupplier nanos;
    private final Runnable leads;
    private final Runnable leadsNoMore;
    private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(2,
            Thread.ofPlatform().name("lease-", 0).daemon().factory());
    /** The lease of somebody else as it was seen last, and since when. On the thread that renews. */
    private @Nullable LeaseSpec seen;
    private long since;
    private long told;
    private volatile boolean held;
    private volatile boolean lost;
    private volatile long renewed;

    /**
     * Leads nowhere yet.
     *
     * @param clock what the lease says of the time
     * @param nanos what time is measured by
     * @param leads runs when it leads
     * @param leadsNoMore runs once, when it does not lead any more and has not been closed: others may work from now on
     */
    Leadership(KubernetesClient client, String namespace, String identity, InstantSource clock, LongSupplier nanos,
            Runnable leads, Runnable leadsNoMore) {
        // The client would go on trying for longer than a lease lasts.
        this.client = client.newClient(new RequestConfigBuilder(client.getConfiguration().getRequestConfig())
                .withRequestRetryBackoffLimit(0).withRequestTimeout(Math.toIntExact(PATIENCE.toMillis())).build())
                .adapt(KubernetesClient.class);
        this.namespace = namespace;
        this.identity = identity;
        this.clock = clock;
        this.nanos = nanos;
        this.leads = leads;
        this.leadsNoMore = leadsNoMore;
        told = nanos.getAsLong() - QUIET;
    }

    /** @param every how long it waits between two attempts to get or to renew the lease */
    void start(Duration every) {
        threads.scheduleWithFixedDelay(this::turn, 0, every.toMillis(), TimeUnit.MILLISECONDS);
        // Another thread: an answer may be late.
        threads.scheduleWithFixedDelay(this::watch, WATCH.toMillis(), WATCH.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Whether it leads now. */
    boolean leads() {
        return held && nanos.getAsLong() - renewed < RENEWED.toNanos();
    }

    /** Gets the lease if nobody has it, or keeps it. */
    void turn() {
        if (lost) {
            return;
        }
        // An answer that is late has renewed a lease that is older than the answer.
        long begun = nanos.getAsLong();
        try {
            Lease there = client.leases().inNamespace(namespace).withName(NAME).get();
            if (there == null) {
                client.resource(lease(null, taken(null))).create();
            } else if (free(there)) {
                client.resource(lease(there, taken(there.getSpec()))).patch(PatchContext.of(PatchType.JSON_MERGE));
            } else {
                if (held) {
                    lose();
                }
                return;
            }
        } catch (RuntimeException e) {
            // Also what nobody has foreseen: a timer that has thrown would never run again.
            failed(e, begun);
            return;
        }
        if (isFirst(begun)) {
            LOG.info("Leads as {}.", identity);
            try {
                leads.run();
            } catch (RuntimeException e) {
                LOG.error("Cannot begin to lead.", e);
                lose();
            }
        } else if (lost) {
            // The answer came after the end: nobody leads by this lease.
            giveBack();
        }
    }

    /** Notes that it has the lease since then; whether it had not before. What was lost meanwhile stays lost. */
    private synchronized boolean isFirst(long begun) {
        if (lost) {
            return false;
        }
        boolean first = !held;
        renewed = begun;
        held = true;
        return first;
    }

    /** Whether it may take a lease: it is its own, nobody's, or has stood for as long as a leader would not let it. */
    private boolean free(Lease lease) {
        LeaseSpec spec = lease.getSpec();
        if (spec == null || spec.getHolderIdentity() == null || spec.getHolderIdentity().isEmpty()
                || spec.getHolderIdentity().equals(identity)) {
            return true;
        }
        if (!spec.equals(seen)) {
            if (seen == null || !Objects.equals(seen.getHolderIdentity(), spec.getHolderIdentity())) {
                LOG.info("{} leads.", spec.getHolderIdentity());
            }
            seen = spec;
            since = nanos.getAsLong();
            return false;
        }
        return !held && nanos.getAsLong() - since > LEASE.toNanos();
    }

    private LeaseSpec taken(@Nullable LeaseSpec before) {
        ZonedDateTime now = clock.instant().atZone(ZoneOffset.UTC);
        LeaseSpecBuilder taken = new LeaseSpecBuilder().withHolderIdentity(identity)
                .withLeaseDurationSeconds(Math.toIntExact(LEASE.toSeconds())).withAcquireTime(now).withRenewTime(now)
                .withLeaseTransitions(0);
        if (before != null) {
            int transitions = before.getLeaseTransitions() == null ? 0 : before.getLeaseTransitions();
            if (identity.equals(before.getHolderIdentity())) {
                taken.withAcquireTime(before.getAcquireTime()).withLeaseTransitions(transitions);
            } else {
                taken.withLeaseTransitions(transitions + 1);
            }
        }
        return taken.build();
    }

    /** A lease that is written only if nobody else has written it meanwhile. */
    private Lease lease(@Nullable Lease before, LeaseSpec spec) {
        return new LeaseBuilder().withNewMetadata().withNamespace(namespace).withName(NAME)
                .withResourceVersion(before == null ? null : before.getMetadata().getResourceVersion()).endMetadata()
                .withSpec(spec).build();
    }

    private void failed(RuntimeException error, long now) {
        // Somebody else was first: the next look sees who.
        boolean conflict = error instanceof KubernetesClientException answer
                && answer.getCode() == HttpURLConnection.HTTP_CONFLICT;
        if (!conflict && now - told >= QUIET) {
            told = now;
            LOG.warn("The lease {}/{} cannot be had or kept, which is tried again: {}", namespace, NAME,
                    error.getMessage());
        }
        watch();
    }

    /** Ends leading when the lease was not renewed for too long. */
    void watch() {
        if (held && !leads()) {
            lose();
        }
    }

    private synchronized void lose() {
        if (!lost) {
            lost = true;
            held = false;
            LOG.error("Has lost the lease {}/{}: ends, to be started anew.", namespace, NAME);
            leadsNoMore.run();
        }
    }

    /** Lets another one lead at once, instead of when the lease runs out. */
    @Override
    public void close() {
        threads.shutdown();
        try {
            if (!threads.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        }
        boolean had;
        synchronized (this) {
            had = held;
            // A turn that is still under way does not begin to lead.
            lost = true;
            held = false;
        }
        if (had) {
            giveBack();
        }
    }

    private void giveBack() {
        try {
            Lease there = client.leases().inNamespace(namespace).withName(NAME).get();
            if (there != null && there.getSpec() != null && identity.equals(there.getSpec().getHolderIdentity())) {
                client.resource(lease(there, new LeaseSpecBuilder(there.getSpec()).withHolderIdentity("").build()))
                        .patch(PatchContext.of(PatchType.JSON_MERGE));
            }
        } catch (KubernetesClientException e) {
            LOG.warn("The lease could not be given back, it runs out by itself: {}", e.getMessage());
        }
    }
}

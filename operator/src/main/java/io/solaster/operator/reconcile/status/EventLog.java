package io.solaster.operator.reconcile.status;

import static java.util.Objects.requireNonNullElse;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events of services, and of other objects that something is to be told of. The same one is told again only after a while,
 * and then counted up instead of told anew. Any thread.
 */
public final class EventLog {
    private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);
    private static final Duration QUIET = Duration.ofMinutes(10);
    private static final int REMEMBERED = 4096;
    private static final int LONGEST = 1000;

    private final KubernetesClient client;
    private final InstantSource clock;
    private final String instance;
    private final Map<String, Instant> told = new LinkedHashMap<>();

    public EventLog(KubernetesClient client, InstantSource clock, String instance) {
        this.client = client;
        this.clock = clock;
        this.instance = instance;
    }

    public void normal(HasMetadata object, String reason, String message) {
        tell(object, "Normal", reason, message);
    }

    public void warning(HasMetadata object, String reason, String message) {
        tell(object, "Warning", reason, message);
    }

    private void tell(HasMetadata object, String type, String reason, String message) {
        // Events of what has no namespace lie in the one that is always there.
        String namespace = requireNonNullElse(object.getMetadata().getNamespace(), "default");
        CRC32 checksum = new CRC32();
        checksum.update((object.getMetadata().getUid() + reason + message).getBytes(StandardCharsets.UTF_8));
        String name = object.getMetadata().getName() + "." + HexFormat.of().toHexDigits((int) checksum.getValue());
        Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        synchronized (told) {
            Instant last = told.get(namespace + "/" + name);
            // A clock that was set back must not keep it quiet until it is there again.
            if (last != null && now.isBefore(last.plus(QUIET)) && !now.isBefore(last)) {
                return;
            }
            told.remove(namespace + "/" + name);
            told.put(namespace + "/" + name, now);
            if (told.size() > REMEMBERED) {
                told.remove(told.keySet().iterator().next());
            }
        }
        Event event = new EventBuilder().withNewMetadata().withName(name).withNamespace(namespace).endMetadata()
                .withType(type).withReason(reason)
                .withMessage(message.length() <= LONGEST ? message : message.substring(0, LONGEST - 3) + "...")
                .withNewInvolvedObject().withApiVersion(object.getApiVersion()).withKind(object.getKind())
                .withName(object.getMetadata().getName()).withNamespace(object.getMetadata().getNamespace())
                .withUid(object.getMetadata().getUid()).endInvolvedObject().withNewSource()
                .withComponent("solaster-operator").endSource().withReportingComponent("solaster-operator")
                .withReportingInstance(instance).withFirstTimestamp(now.toString()).withLastTimestamp(now.toString())
                .withCount(1).build();
        try {
            Event there = client.v1().events().inNamespace(namespace).withName(name).get();
            if (there == null) {
                client.resource(event).create();
            } else {
                int count = there.getCount() == null ? 1 : there.getCount();
                client.resource(there).edit(old -> new EventBuilder(old).withCount(count + 1)
                        .withLastTimestamp(now.toString()).build());
            }
        } catch (KubernetesClientException e) {
            // What it tells stands in the status, too.
            LOG.warn("Event {} of {}/{} could not be written: {}", reason, namespace, object.getMetadata().getName(),
                    e.getMessage());
        }
    }
}

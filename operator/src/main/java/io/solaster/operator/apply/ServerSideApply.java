package io.solaster.operator.apply;

import java.net.HttpURLConnection;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.ApplyException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Server-side apply that takes over nothing of others, also when they are quicker: what is made names a version that no
 * object has, so that the API server refuses where there is one by now; what is changed names the uid of the object that
 * was looked at. Any thread, one at a time for each object.
 */
public final class ServerSideApply {
    /** No object has it, and it does not keep one from being made. */
    private static final String NO_VERSION = "1";
    private static final int INVALID = 422;
    /** Somebody else may delete and make it as often. */
    private static final int TRIES = 3;

    private final KubernetesClient client;

    public ServerSideApply(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Brings a service's object to what is wanted.
     *
     * @param live the object as it is, as far as is known; null if it is not there
     * @throws ApplyException if it is somebody else's, or on its way out
     * @throws KubernetesClientException if the API server does not take it
     */
    public HasMetadata apply(ShardedService service, HasMetadata wanted, @Nullable HasMetadata live) {
        HasMetadata now = live;
        for (int i = 1;; i++) {
            try {
                return attempt(service, wanted, now);
            } catch (KubernetesClientException e) {
                boolean conflict = e.getCode() == HttpURLConnection.HTTP_CONFLICT;
                if (i == TRIES || (!conflict && e.getCode() != INVALID)) {
                    throw e;
                }
                HasMetadata other = client.resource(wanted).get();
                // One that has become another is refused as invalid; who comes between otherwise is a conflict.
                if (!conflict && uid(now).equals(uid(other))) {
                    throw e;
                }
                now = other;
            }
        }
    }

    /**
     * Makes an object that is not there.
     *
     * @return null if there is one of this name, whosever it is
     * @throws KubernetesClientException if the API server does not take it
     */
    public @Nullable HasMetadata create(HasMetadata wanted) {
        try {
            return made(wanted);
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return null;
            }
            throw e;
        }
    }

    private HasMetadata made(HasMetadata wanted) {
        wanted.getMetadata().setResourceVersion(NO_VERSION);
        try {
            return client.resource(wanted).fieldManager(Names.MANAGER).serverSideApply();
        } finally {
            wanted.getMetadata().setResourceVersion(null);
        }
    }

    private HasMetadata attempt(ShardedService service, HasMetadata wanted, @Nullable HasMetadata live) {
        if (live == null) {
            return made(wanted);
        }
        check(service, live);
        wanted.getMetadata().setUid(live.getMetadata().getUid());
        try {
            return client.resource(wanted).fieldManager(Names.MANAGER).forceConflicts().serverSideApply();
        } finally {
            wanted.getMetadata().setUid(null);
        }
    }

    /**
     * Checks that an object may be changed.
     *
     * @throws ApplyException if it is somebody else's, or on its way out
     */
    public static void check(ShardedService service, HasMetadata live) {
        String foreign = Ownership.foreign(live, service);
        if (!foreign.isEmpty()) {
            throw new ApplyException(ApplyException.name(live), Reason.NotOurs, foreign);
        }
        if (live.getMetadata().getDeletionTimestamp() != null) {
            throw new ApplyException(ApplyException.name(live), Reason.ApplyFailed,
                    "it is being deleted, and is made anew when it is gone");
        }
    }

    private static String uid(@Nullable HasMetadata object) {
        return object == null ? "" : String.valueOf(object.getMetadata().getUid());
    }
}

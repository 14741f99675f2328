package io.solaster.operator.kubelet;

import java.util.List;

/**
 * The CPUs that the containers of a pod want for themselves.
 *
 * @param containers init containers first, as the pod lists them
 */
public record PodCpus(List<Container> containers) {

    /** When a container runs. */
    public enum Kind {
        /** Before the others, then gone. */
        INIT,
        /** Started before the others, and beside them (an init container that restarts always). */
        SIDECAR,
        /** All the time. */
        APP
    }

    /**
     * A container.
     *
     * @param exclusive the CPUs that it wants for itself: those of a Guaranteed pod's container that asks for whole
     * ones; 0 if it shares
     */
    public record Container(Kind kind, int exclusive) {
        /** One that runs all the time. */
        public static Container app(int exclusive) {
            return new Container(Kind.APP, exclusive);
        }
    }

    public PodCpus {
        containers = List.copyOf(containers);
    }

    /** The most CPUs that the pod has for itself at a time, as the kubelet reckons it. */
    public int exclusive() {
        int inits = 0;
        int sidecars = 0;
        int apps = 0;
        for (Container container : containers) {
            switch (container.kind()) {
                case INIT -> inits = Math.max(inits, sidecars + container.exclusive());
                case SIDECAR -> sidecars += container.exclusive();
                case APP -> apps += container.exclusive();
            }
        }
        return Math.max(inits, sidecars + apps);
    }
}

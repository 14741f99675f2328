package io.solaster.operator.kubelet;

import java.util.List;
import java.util.function.ToLongFunction;

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
     * @param memory bytes that the Memory Manager pins: what a Guaranteed pod's container asks for; 0 for others
     * @param hugePages the same of 2 MiB pages
     */
    public record Container(Kind kind, int exclusive, long memory, long hugePages) {
        /** One whose memory is not looked at. */
        public Container(Kind kind, int exclusive) {
            this(kind, exclusive, 0, 0);
        }

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
        return (int) most(Container::exclusive);
    }

    /** The most memory in bytes. */
    long memory() {
        return most(Container::memory);
    }

    /** The most huge pages in bytes. */
    long hugePages() {
        return most(Container::hugePages);
    }

    private long most(ToLongFunction<Container> asked) {
        long inits = 0;
        long sidecars = 0;
        long apps = 0;
        for (Container container : containers) {
            long here = asked.applyAsLong(container);
            switch (container.kind()) {
                case INIT -> inits = Math.max(inits, sidecars + here);
                case SIDECAR -> sidecars += here;
                case APP -> apps += here;
            }
        }
        return Math.max(inits, sidecars + apps);
    }
}

package io.solaster.operator.inventory;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.AllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.Device;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceAttribute;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequestAllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.client.Amounts;
import io.solaster.operator.client.Unreadable;
import org.jspecify.annotations.Nullable;

/**
 * What is observed of a node's NUMA nodes.
 *
 * @param zones by NUMA node
 * @param policy the Topology Manager's policy, in the kubelet's spelling; null if it is not told
 * @param scope its scope
 */
record Zones(List<Zone> zones, @Nullable String policy, @Nullable String scope) {
    /** The driver that hands out CPUs. */
    static final String CPU_DRIVER = "dra.cpu";

    /**
     * A NUMA node.
     *
     * @param node its number
     * @param capacity its CPUs
     * @param allocatable those that are not reserved
     * @param available those that no pod has for itself
     * @param memory its memory in bytes; 0 if it is not told
     */
    record Zone(int node, int capacity, int allocatable, int available, long memory) {}

    /** The least memory of a NUMA node in bytes; 0 if not all tell. */
    long memory() {
        return zones.stream().mapToLong(Zone::memory).min().orElse(0);
    }

    /** Reads a NodeResourceTopology. */
    static Zones of(GenericKubernetesResource topology) {
        String object = "NodeResourceTopology " + topology.getMetadata().getName();
        List<Zone> zones = new ArrayList<>();
        for (Map<String, Object> zone : maps(topology.getAdditionalProperties().get("zones"))) {
            if (!"Node".equals(zone.get("type"))) {
                continue;
            }
            String name = String.valueOf(zone.get("name"));
            int node = number(object, "zones[].name", name, name.substring(name.lastIndexOf('-') + 1));
            int[] cpus = {0, 0, 0};
            long memory = 0;
            for (Map<String, Object> resource : maps(zone.get("resources"))) {
                if ("cpu".equals(resource.get("name"))) {
                    int allocatable = cpus(object, resource, "allocatable", 0);
                    cpus = new int[]{cpus(object, resource, "capacity", allocatable), allocatable,
                            Math.clamp(cpus(object, resource, "available", allocatable), 0, allocatable)};
                } else if ("memory".equals(resource.get("name"))) {
                    memory = memory(object, resource);
                }
            }
            if (cpus[0] > 0) {
                zones.add(new Zone(node, cpus[0], cpus[1], cpus[2], memory));
            }
        }
        zones.sort(Comparator.comparingInt(Zone::node));
        String policy = null;
        String scope = null;
        for (Map<String, Object> attribute : maps(topology.getAdditionalProperties().get("attributes"))) {
            String value = String.valueOf(attribute.get("value"));
            switch (String.valueOf(attribute.get("name"))) {
                case "topologyManagerPolicy" -> policy = value;
                case "topologyManagerScope" -> scope = value;
                default -> {
                }
            }
        }
        return new Zones(bounded(object, zones), policy, scope);
    }

    /**
     * Reads what the CPU driver has published of a node: a device per NUMA node, or one per CPU.
     *
     * @param claims what was allocated of it; null if that is not known
     */
    static Zones of(List<ResourceSlice> slices, @Nullable List<ResourceClaim> claims) {
        TreeMap<Integer, int[]> nodes = new TreeMap<>();
        for (ResourceSlice slice : slices) {
            for (Device device : slice.getSpec().getDevices()) {
                int node = node("ResourceSlice " + slice.getMetadata().getName(), device);
                int cpus = 1;
                if (device.getCapacity() != null && device.getCapacity().get("dra.cpu/cpu") != null) {
                    cpus = cpus("ResourceSlice " + slice.getMetadata().getName(), "device " + device.getName(),
                            device.getCapacity().get("dra.cpu/cpu").getValue());
                }
                int[] counts = nodes.computeIfAbsent(node, key -> new int[2]);
                counts[0] += cpus;
                counts[1] += cpus - (claims == null ? 0 : claimed(slice, device, claims));
            }
        }
        List<Zone> zones = new ArrayList<>();
        nodes.forEach((node, cpus) -> zones.add(new Zone(node, cpus[0], cpus[0], Math.max(0, cpus[1]), 0)));
        return new Zones(bounded("ResourceSlice " + slices.getFirst().getMetadata().getName(), zones), null, null);
    }

    /** A list for each CPU is made of them. */
    private static List<Zone> bounded(String object, List<Zone> zones) {
        long cpus = zones.stream().mapToLong(Zone::capacity).sum();
        if (cpus > CpuSet.MAX_CPU + 1) {
            throw new InvalidObjectException(object, "its NUMA nodes have " + cpus + " CPUs; Linux knows "
                    + (CpuSet.MAX_CPU + 1) + " at most, look at who writes it");
        }
        return zones;
    }

    private static int node(String object, Device device) {
        Map<String, DeviceAttribute> attributes = device.getAttributes() == null ? Map.of() : device.getAttributes();
        for (String name : List.of("resource.kubernetes.io/numaNode", "dra.cpu/numaNodeID", "dra.net/numaNode")) {
            DeviceAttribute attribute = attributes.get(name);
            if (attribute != null && attribute.getInt() != null) {
                return attribute.getInt().intValue();
            }
        }
        throw new InvalidObjectException(object, "device " + device.getName()
                + " does not say its NUMA node; run the driver with --cpu-device-group-by=numanode or in individual mode");
    }

    private static int claimed(ResourceSlice slice, Device device, List<ResourceClaim> claims) {
        int claimed = 0;
        for (ResourceClaim claim : claims) {
            AllocationResult allocation = claim.getStatus() == null ? null : claim.getStatus().getAllocation();
            if (allocation == null || allocation.getDevices() == null) {
                continue;
            }
            for (DeviceRequestAllocationResult result : allocation.getDevices().getResults()) {
                if (CPU_DRIVER.equals(result.getDriver()) && device.getName().equals(result.getDevice())
                        && slice.getSpec().getPool().getName().equals(result.getPool())) {
                    Quantity cpus = result.getConsumedCapacity() == null
                            ? null
                            : result.getConsumedCapacity().get("dra.cpu/cpu");
                    claimed += cpus == null
                            ? 1
                            : cpus(Unreadable.name(claim), "device " + device.getName(), cpus);
                }
            }
        }
        return claimed;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> maps(@Nullable Object list) {
        return list instanceof List<?> ? (List<Map<String, Object>>) list : List.of();
    }

    private static int cpus(String object, Map<String, Object> resource, String key, int otherwise) {
        Object value = resource.get(key);
        return value == null ? otherwise : cpus(object, "zones[].resources[]." + key, quantity(value));
    }

    private static int cpus(String object, String key, @Nullable Quantity quantity) {
        try {
            return Amounts.cpus(quantity);
        } catch (IllegalArgumentException e) {
            throw new InvalidObjectException(object, key + ": " + e.getMessage() + "; write one such as '16'");
        }
    }

    private static long memory(String object, Map<String, Object> resource) {
        try {
            Object value = resource.get("capacity");
            return value == null ? 0 : Amounts.of(quantity(value), BigDecimal.ONE);
        } catch (IllegalArgumentException e) {
            throw new InvalidObjectException(object,
                    "zones[].resources[].capacity: " + e.getMessage() + "; write one such as '64Gi'");
        }
    }

    /** It is left to {@link Amounts} to find out what is wrong with it. */
    private static Quantity quantity(Object value) {
        try {
            return new Quantity(String.valueOf(value));
        } catch (IllegalArgumentException e) {
            return new Quantity(String.valueOf(value), "");
        }
    }

    private static int number(String object, String key, String value, String digits) {
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw new InvalidObjectException(object,
                    key + ": '" + value + "' does not end with the number of a NUMA node; write one such as 'node-0'");
        }
    }
}

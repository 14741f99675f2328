package io.solaster.rpc.server;

import java.util.List;

import io.netty.util.collection.IntObjectHashMap;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.rpc.RpcService;
import io.solaster.rpc.connection.LaneShard;
import org.jspecify.annotations.Nullable;

/** What one shard serves calls with. On that shard, but for the counts. */
final class ServerShard implements AutoCloseable {
    final Shard shard;
    final LaneShard lanes;
    final ServerCounts counts;
    private final IntObjectHashMap<ServedMethod<?, ?>> methods = new IntObjectHashMap<>();

    ServerShard(Engine engine, Shard shard, String name, SchedulingGroup group, List<RpcService> services,
            ServerCounts counts) {
        this.shard = shard;
        this.counts = counts;
        this.lanes = new LaneShard(shard, "RPC server " + name, group);
        for (RpcService service : services) {
            for (RpcService.Entry<?, ?> entry : service.entries()) {
                String own = entry.group();
                SchedulingGroup other = own == null ? null : engine.groups().get(own);
                methods.put(entry.method().hash(), served(entry, group.equals(other) ? null : other));
            }
        }
    }

    private static <Q, A> ServedMethod<Q, A> served(RpcService.Entry<Q, A> entry, @Nullable SchedulingGroup group) {
        return new ServedMethod<>(entry, group);
    }

    @Nullable
    ServedMethod<?, ?> method(int hash) {
        return methods.get(hash);
    }

    @Override
    public void close() {
        lanes.close();
    }
}

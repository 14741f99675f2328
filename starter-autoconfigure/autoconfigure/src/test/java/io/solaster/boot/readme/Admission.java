package io.solaster.boot.readme;

import io.solaster.config.SolasterConfig;
import io.solaster.spring.Live;
import org.springframework.stereotype.Service;

@Service
final class Admission {
    private final Live<Integer> most;

    Admission(Live<SolasterConfig> config) {
        most = config.map(all -> all.servers().get("kv").limits().maxConnections());
    }

    boolean mayEnter(int connections) {
        return connections < most.get();
    }
}

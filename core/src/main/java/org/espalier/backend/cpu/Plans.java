package org.espalier.backend.cpu;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/** Plans of kernels, made once for each geometry; more of those than any network has start anew. */
final class Plans<K, P> {
  private static final int MOST = 1024;

  private final Map<K, P> plans = new HashMap<>();
  private final Function<K, P> maker;

  Plans(Function<K, P> maker) {
    this.maker = maker;
  }

  synchronized P of(K geometry) {
    if (plans.size() >= MOST && !plans.containsKey(geometry)) {
      plans.clear();
    }
    return plans.computeIfAbsent(geometry, maker);
  }
}

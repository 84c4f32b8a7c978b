package org.espalier.cuda;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.espalier.backend.Conv;
import org.jspecify.annotations.Nullable;

/**
 * What was worked out for some convolutions together: the host says a thousand times a step how
 * they are to be launched, and must not think each time.
 *
 * @param <P> a plan
 */
final class Plans<P> {
  /** More sets of convolutions than any network has; beyond it, plans are made anew. */
  private static final int KEPT = 1024;

  private final Map<Key, Optional<P>> plans = new HashMap<>();

  private record Key(List<Conv> convs, int width) {}

  /** The plan for these convolutions at this width of access; null if there is none. */
  @Nullable P of(List<Conv> convs, int width, Supplier<@Nullable P> make) {
    Key key = new Key(convs, width);
    Optional<P> plan = plans.get(key);
    if (plan == null) {
      if (plans.size() >= KEPT) {
        plans.clear();
      }
      plan = Optional.ofNullable(make.get());
      plans.put(key, plan);
    }
    return plan.orElse(null);
  }
}

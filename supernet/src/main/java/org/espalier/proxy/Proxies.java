package org.espalier.proxy;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.espalier.InputException;

/** All zero-cost proxies: one line each. */
public final class Proxies {
  /** The baseline that stands beside every other: a proxy that does not beat it says nothing. */
  public static final Proxy BASELINE = new Params();

  private static final List<Proxy> ALL =
      List.of(
          BASELINE,
          new Flops(),
          new GradNorm(),
          new Snip(),
          new Grasp(),
          new Fisher(),
          new SynFlow(),
          new Plain(),
          new L2Norm(),
          new JacobCov(),
          new EpeNas(),
          new Nwot(),
          new Zen(),
          new ZiCo(),
          new Swap(),
          new AzNas(),
          new TeNas(),
          new MeCo());

  private Proxies() {}

  /** Every proxy. */
  public static List<Proxy> all() {
    return ALL;
  }

  /**
   * The proxy of that name.
   *
   * @throws InputException naming the known ones
   */
  public static Proxy of(String name) {
    return ALL.stream()
        .filter(proxy -> proxy.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    "unknown proxy '"
                        + name
                        + "'; known: all, "
                        + ALL.stream().map(Proxy::name).collect(Collectors.joining(", "))));
  }

  /**
   * The proxies of a list such as {@code snip,nwot}, or {@code all}.
   *
   * @throws InputException naming the known ones
   */
  public static List<Proxy> parse(String list) {
    return list.strip().equals("all")
        ? ALL
        : Arrays.stream(list.split(",", -1)).map(name -> of(name.strip())).distinct().toList();
  }
}

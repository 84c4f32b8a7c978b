package org.espalier.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.espalier.backend.Backend;
import org.espalier.parity.Fixture;
import org.espalier.space.Genotype;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every proxy against bench/peers/proxies.py, which computes it in double precision after its
 * published definition: two cells of NAS-Bench-201, one of them with an operation that leads
 * nowhere, and DARTS_V2, with given weights and batches.
 */
class ProxyParityTest {
  private static final double TOLERANCE = 1e-4;

  /** Relative to 1 + |value|, where it is not the tolerance of all: why is said beside. */
  private static final Map<String, Double> TOLERANCES =
      Map.of(
          "jacov", 1e-3, // the smallest eigenvalue's reciprocal
          "zico", 1e-3, // a weight that both batches move almost alike may carry its layer's sum
          "te_nas.ntk", 1e-3); // the smallest eigenvalue's logarithm

  static Stream<Arguments> fixtures() {
    return IntStream.range(0, 3)
        .boxed()
        .flatMap(
            i ->
                Fixture.backends()
                    .map(backend -> Arguments.of(Fixture.of("proxies-" + i), backend)));
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void proxiesAreThoseOfPyTorch(Fixture fixture, Backend backend) {
    Map<String, Double> measured = ZeroCost.measure(subject(fixture, backend), proxies(fixture));
    SoftAssertions softly = new SoftAssertions();
    for (String name : fixture.file().tensors().keySet()) {
      String part = name.substring(name.indexOf('/') + 1);
      if (name.startsWith("score/") && !part.equals("gradient_square")) {
        double wanted = fixture.file().values(name)[0];
        double scale = part.equals("grasp") ? graspScale(fixture) : 1 + Math.abs(wanted);
        softly
            .assertThat((measured.getOrDefault(part, Double.NaN) - wanted) / scale)
            .as("%s is %s, wanted %s; relative error", part, measured.get(part), wanted)
            .isBetween(-tolerance(part), tolerance(part));
      }
    }
    softly.assertAll();
  }

  private static double tolerance(String part) {
    return part.equals("grasp") ? 1e-3 : TOLERANCES.getOrDefault(part, TOLERANCE);
  }

  /** What the stated bound of {@link Grasp} is relative to. */
  private static double graspScale(Fixture fixture) {
    return fixture.file().values("score/gradient_square")[0]
        + Math.abs(fixture.file().values("score/grasp")[0]);
  }

  /** All, and none that the fixture leaves out. */
  private static List<Proxy> proxies(Fixture fixture) {
    List<Proxy> proxies = new ArrayList<>();
    for (Proxy proxy : Proxies.all()) {
      proxies.add(
          proxy instanceof Zen ? new Zen(Integer.parseInt(fixture.note("zen_repeats"))) : proxy);
    }
    return proxies;
  }

  @Test
  void noProxyIsLeftOut() {
    List<String> held =
        Fixture.of("proxies-0").file().tensors().keySet().stream()
            .filter(name -> name.startsWith("score/"))
            .map(name -> name.substring("score/".length()))
            .toList();
    List<String> elsewhere = List.of("flops", "az_nas.complexity"); // see CountsTest
    assertThat(Proxies.all().stream().flatMap(proxy -> proxy.parts().stream()))
        .allMatch(part -> held.contains(part) || elsewhere.contains(part));
  }

  static Subject subject(Fixture fixture, Backend backend) {
    Genotype genotype = fixture.space().parse(fixture.note("genotype"));
    List<LabelledBatch> batches =
        Stream.of("0", "1")
            .map(
                i ->
                    new LabelledBatch(
                        fixture.tensor(backend, "input" + i),
                        fixture.tensor(backend, "labels" + i)))
            .toList();
    Subject subject =
        new Subject(fixture.space(), genotype, fixture.size(), backend, batches, Rng.of(0));
    fixture.load("w/", subject.arena());
    return subject;
  }
}

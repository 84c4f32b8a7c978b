package org.espalier.supernet;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Fan;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;

class MixedCellTest {
  /** Two convolutions on each of the 3, 2 and 1 edges that leave a node of NAS-Bench-201. */
  @Test
  void allConvolutionsThatReadANodeAreOnePassOverIt() {
    List<Integer> arms = new ArrayList<>();
    Backend backend = noting(new EjmlBackend(), arms);
    SearchSpace space = Spaces.of("nasbench201");
    SearchSpace.Size size = new SearchSpace.Size(4, 1, 3, 10);
    Supernet supernet = Supernet.of(root -> space.supernet(root, size), backend, Rng.of(1));
    try (Tape tape = Tape.inference(backend)) {
      Tensor weights = tape.filled(Shape.of(6, 5), 0.2f);
      Tensor images = tape.filled(Shape.of(2, 8, 8, 3), 1);
      supernet.logits(tape, images, (kind, edge) -> new Selection.All(weights, edge)).data();
    }
    assertThat(arms.stream().filter(count -> count > 1))
        .as("of three cells; stem and residual blocks have single ones")
        .containsExactly(6, 4, 2, 6, 4, 2, 6, 4, 2);
  }

  private static Backend noting(Backend inner, List<Integer> arms) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, kernel, arguments) -> {
              if (kernel.getName().equals("conv")) {
                arms.add(((Fan) arguments[0]).arms().size());
              }
              try {
                return kernel.invoke(inner, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}

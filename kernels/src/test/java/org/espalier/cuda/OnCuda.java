package org.espalier.cuda;

import java.util.Objects;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Opens the GPU for a test class, closes it behind it, and hands the back end to its methods. */
final class OnCuda implements BeforeAllCallback, ParameterResolver {
  private static final ExtensionContext.Namespace OURS =
      ExtensionContext.Namespace.create(OnCuda.class);

  @Override
  public void beforeAll(ExtensionContext context) {
    Emulator.start();
    CudaBackend backend = new CudaBackend(Device.open(0, 0), CudaOptions.DEFAULT);
    context.getStore(OURS).put(CudaBackend.class, backend);
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == CudaBackend.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return Objects.requireNonNull(context.getStore(OURS).get(CudaBackend.class));
  }
}

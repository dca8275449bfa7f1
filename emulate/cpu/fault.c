/* Recording the exception that ends an instruction. */
#include "step.h"

bool raise(struct step *x, uint8_t vector)
{
    x->fault = exception(vector);
    return false;
}

bool raise_error(struct step *x, uint8_t vector, uint32_t error)
{
    x->fault = exception_error(vector, error);
    return false;
}

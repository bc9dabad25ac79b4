#include "local_models.h"

/** nsgate.v1.AddressSetService: laid out in the API, not served yet. */
import { AddressSetServiceService } from '@nsgate/proto';
import { offerService, type OfferedService } from '../rpc/service';

/** Every method answers UNIMPLEMENTED. */
export function addressSetService(): OfferedService {
  return offerService(AddressSetServiceService, 'operator', {});
}

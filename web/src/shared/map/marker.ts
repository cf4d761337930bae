/** A pin at a place. */
import Feature from 'ol/Feature'
import Point from 'ol/geom/Point'
import VectorLayer from 'ol/layer/Vector'
import { fromLonLat } from 'ol/proj'
import VectorSource from 'ol/source/Vector'
import { Icon, Style } from 'ol/style'

const PIN = `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="40" viewBox="0 0 30 40"><path d="M15 39C15 39 28 24 28 14.500A13 13 0 0 0 2 14.500C2 24 15 39 15 39Z" fill="#cc3030" stroke="#fff" stroke-width="2"/><circle cx="15" cy="14.500" r="5" fill="#fff"/></svg>`

export class Pin {
  private readonly feature = new Feature<Point>()
  readonly layer = new VectorLayer({
    zIndex: 50,
    source: new VectorSource({ features: [this.feature] }),
    style: new Style({ image: new Icon({ src: `data:image/svg+xml,${encodeURIComponent(PIN)}`, anchor: [0.5, 1] }) }),
  })

  put(place: [number, number] | undefined): void {
    this.feature.setGeometry(place ? new Point(fromLonLat(place)) : undefined)
  }
}
